"""Whatever happens ends in an exit code and one sentence."""

from __future__ import annotations

import pytest

from focus_assets.cli.ending import ended, exit_code, sentence
from focus_assets.model.errors import (
    ApiUnreachable,
    DatabaseBusy,
    FocusError,
    InvalidConfiguration,
    ShrinkRefused,
    UnknownResource,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidConfiguration("focus.yaml", "expected a text", path="sources.x"), 2),
        (UnknownResource("promotion", ["promotions"]), 2),
        (ApiUnreachable("no connection"), 1),
        (DatabaseBusy("locked"), 1),
        (ShrinkRefused(before=10, after=1, reason="why"), 1),
        (ZeroDivisionError("oops"), 1),
        (FileNotFoundError(2, "No such file or directory", "x"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_wrong_call_or_configuration_is_exit_code_2(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_a_sentence_begins_with_the_name_of_the_error() -> None:
    said = sentence(UnknownResource("promotion", ["promotions", "stores"]))
    assert said.startswith("UnknownResource: there is no resource 'promotion'")
    assert said.endswith("did you mean 'promotions'?")


def test_a_sentence_has_the_error_s_notes() -> None:
    error = ApiUnreachable("no connection", url="http://127.0.0.1:1")
    error.add_note("attempts: 3 (that is as often as it is tried)")
    assert sentence(error).endswith("at http://127.0.0.1:1; attempts: 3 (that is as often as it is tried)")


def test_what_nobody_named_is_told_with_the_way_to_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(raising(ZeroDivisionError("oops")), {}) == 1
    assert capsys.readouterr().err == ("focus: an unexpected ZeroDivisionError: oops (FOCUS_DEBUG=1 shows where)\n")


def test_an_interrupted_call_is_130_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(raising(KeyboardInterrupt()), {}) == 130
    assert capsys.readouterr() == ("", "")


def test_a_command_s_number_is_the_exit_code_and_nothing_is_0() -> None:
    assert ended(lambda: 1, {}) == 1
    assert ended(lambda: None, {}) == 0


def test_a_trace_is_printed_for_those_who_ask(capsys: pytest.CaptureFixture[str]) -> None:
    ended(raising(FocusError("a sentence")), {"FOCUS_DEBUG": "1"})
    assert "Traceback" in capsys.readouterr().err


def raising(error: BaseException):  # type: ignore[no-untyped-def]
    def command() -> object:
        raise error

    return command
