"""What goes wrong, when, and how it looks to a client."""

from __future__ import annotations

import json
import zlib
from email.utils import parsedate_to_datetime
from itertools import pairwise

import pytest

from focus_assets.sandbox import PLAIN, Ending, Fault, FaultPlan, Kind, Response, SandboxOptions
from focus_assets.sandbox.faults import USUAL, cut, duplicated, garbled
from focus_assets_tests.unit.sandbox.calling import BEFORE, SMALL, Caller, body, records


def _full(fault: Fault | Kind | str, options: SandboxOptions | None = None, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Caller(options, faults=FaultPlan([("full", fault)]), headers=named).feed("full")


def test_a_step_waits_for_its_endpoint_and_happens_once() -> None:
    plan = FaultPlan([("full", "reset"), ("state", "503"), ("full", "cut_clean")])
    assert plan.decide("created") is None
    decided = [plan.decide(endpoint) for endpoint in ("full", "full", "full", "state", "state")]
    assert [fault.kind if fault else None for fault in decided] == ["reset", "cut_clean", None, "503", None]
    assert plan.remaining == 0


def test_a_star_is_any_endpoint() -> None:
    fault = FaultPlan([("*", "drop")]).decide("schema")
    assert fault == Fault(Kind.DROP)


def test_chance_is_decided_by_the_seed() -> None:
    def faults(seed: int) -> list[Fault | None]:
        plan = FaultPlan(rate=0.5, seed=seed)
        return [plan.decide("full") for _ in range(100)]

    assert faults(1) == faults(1) != faults(2)
    assert 30 < sum(fault is not None for fault in faults(1)) < 70


def test_chance_comes_to_every_usual_kind_and_never_where_the_rate_is_zero() -> None:
    plan = FaultPlan(rate=1.0)
    assert {fault.kind for _ in range(400) if (fault := plan.decide("full"))} == set(USUAL)
    assert not any(FaultPlan().decide("full") for _ in range(100))


def test_an_answer_that_is_no_stream_has_no_faults_of_lines() -> None:
    plan = FaultPlan(rate=1.0, kinds=(Kind.CUT_CLEAN, Kind.DUPLICATES, Kind.SLOW))
    assert {fault.kind for _ in range(50) if (fault := plan.decide("state"))} == {Kind.SLOW}


def test_an_unknown_endpoint_or_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no endpoint"):
        FaultPlan([("ful", "reset")])
    with pytest.raises(ValueError, match="nonsense"):
        FaultPlan([("full", "nonsense")])


@pytest.mark.parametrize(("kind", "status"), [(Kind.TOO_MANY, 429), (Kind.UNAVAILABLE, 503)])
def test_a_server_that_wants_a_pause_says_how_long_in_either_form(kind: Kind, status: int) -> None:
    seconds = _full(Fault(kind, seconds=2.5))
    assert (seconds.status, seconds.headers["retry-after"]) == (status, "3")
    date = _full(Fault(kind, seconds=90, as_date=True))
    pause = parsedate_to_datetime(date.headers["retry-after"]) - parsedate_to_datetime(date.headers["date"])
    assert pause.total_seconds() == 90


def test_a_failure_and_a_success_can_both_be_a_page_of_html() -> None:
    for kind, status in ((Kind.FAILED, 500), (Kind.HTML, 200)):
        answer = _full(kind)
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert body(answer).startswith(b"<!DOCTYPE html>")


def test_a_success_can_be_empty_or_an_error() -> None:
    empty, error = _full(Kind.EMPTY), _full(Kind.ERROR_OBJECT)
    assert (empty.status, body(empty)) == (200, b"")
    assert (error.status, "error" in json.loads(body(error))) == (200, True)


def test_a_token_can_be_refused_once() -> None:
    caller = Caller(faults=FaultPlan([("full", Kind.UNAUTHORIZED)]))
    assert [caller.feed("full").status, caller.feed("full").status] == [401, 200]


@pytest.mark.parametrize("at", [0.0, 0.3, 0.999, 1.0])
def test_a_clean_cut_leaves_whole_lines_and_says_nothing_but_by_the_count(at: float) -> None:
    answer = _full(Fault(Kind.CUT_CLEAN, at=at))
    assert answer.ending is Ending.NORMAL
    assert answer.headers["x-total-lines"] == "500"
    assert len(records(answer)) == min(int(500 * at), 499)


def test_a_clean_cut_is_found_by_nothing_where_the_server_counts_no_lines() -> None:
    answer = _full("cut_clean", SandboxOptions(sizes=SMALL, extensions=PLAIN, framing="length"))
    assert "x-total-lines" not in answer.headers
    assert int(answer.headers["content-length"]) == len(body(answer))


def test_a_cut_in_a_line_leaves_half_of_it() -> None:
    content = body(_full("cut_line"))
    *whole, half = content.split(b"\n")
    assert len(whole) == 250
    assert half
    with pytest.raises(json.JSONDecodeError):
        json.loads(half)


@pytest.mark.parametrize("kind", [Kind.CUT_CLEAN, Kind.CUT_LINE, Kind.CUT_GZIP])
def test_only_one_kind_of_cut_leaves_gzip_without_its_trailer(kind: Kind) -> None:
    content = b"".join(_full(kind, accept_encoding="gzip").body)
    unpacker = zlib.decompressobj(wbits=31)
    assert unpacker.decompress(content).count(b"\n") == 250
    assert unpacker.eof is (kind is not Kind.CUT_GZIP)


@pytest.mark.parametrize(("kind", "ending"), [("reset", Ending.RESET), ("hangup", Ending.CUT)])
def test_a_broken_connection_announces_the_whole_and_sends_a_part(kind: str, ending: Ending) -> None:
    answer = _full(kind, SandboxOptions(sizes=SMALL, framing="length"))
    assert answer.ending is ending
    assert 0 < len(body(answer)) < int(answer.headers["content-length"])


def test_a_dropped_request_has_no_answer() -> None:
    answer = _full("drop")
    assert (answer.ending, answer.headers, body(answer)) == (Ending.SILENT, {}, b"")


def test_slowness_is_a_value_and_nobody_sleeps() -> None:
    answer = _full(Fault(Kind.SLOW, seconds=3600))
    assert (answer.delay, answer.pause) == (3600, 3600)
    assert len(records(answer)) == 500


def test_duplicated_lines_are_counted_as_lines() -> None:
    answer = _full(Fault(Kind.DUPLICATES, every=7))
    found = [line["id"] for line in records(answer)]
    assert len(found) == 500 + 71 == int(answer.headers["x-total-lines"])
    assert sum(one == other for one, other in pairwise(found)) == 71
    assert len(set(found)) == 500


def test_one_line_can_become_anything() -> None:
    lines = body(_full(Fault(Kind.GARBLED, at=0.1, line='{"id":NaN}'))).splitlines()
    assert len(lines) == 500
    assert [number for number, line in enumerate(lines) if line == b'{"id":NaN}'] == [50]


@pytest.mark.parametrize("path", ["retail/resource/schema", "retail/resource/promotions/DE/state"])
@pytest.mark.parametrize("kind", ["reset", "hangup", "cut_line"])
def test_a_json_answer_can_be_cut_too(path: str, kind: str) -> None:
    caller = Caller()
    caller.login()
    caller.sandbox.faults = FaultPlan([("*", kind)])
    with pytest.raises(json.JSONDecodeError):
        json.loads(body(caller.get(path)))


def test_a_login_can_be_cut_too() -> None:
    with pytest.raises(json.JSONDecodeError):
        Caller(faults=FaultPlan([("auth", "cut_line")])).login()


def test_a_fault_in_an_empty_stream_does_no_harm() -> None:
    for kind in ("cut_clean", "cut_line", "duplicates", "garbled"):
        assert Caller(faults=FaultPlan([("created", kind)])).lines("created", BEFORE) == []


def test_a_fault_is_in_the_log() -> None:
    caller = Caller(faults=FaultPlan([("full", "cut_clean")]))
    caller.feed("full")
    assert caller.sandbox.log[-1].fault == "cut_clean"


CHUNKS = (b"a1\na2\na3\n", b"", b"b1\nb2\n", b"c1\n")


@pytest.mark.parametrize("lines", range(7))
def test_a_cut_falls_after_the_same_line_however_the_body_is_chunked(lines: int) -> None:
    whole = b"".join(CHUNKS)
    expected = b"".join(whole.splitlines(keepends=True)[:lines])
    assert b"".join(cut(CHUNKS, lines, within=False)) == b"".join(cut([whole], lines, within=False)) == expected
    assert len(b"".join(cut(CHUNKS, lines, within=True))) == len(expected) + (lines < 6)


def test_duplicates_and_garbled_lines_fall_alike_however_the_body_is_chunked() -> None:
    whole = b"".join(CHUNKS)
    assert (
        b"".join(duplicated(CHUNKS, 2)) == b"".join(duplicated([whole], 2)) == b"a1\na2\na2\na3\nb1\nb1\nb2\nc1\nc1\n"
    )
    for number in range(6):
        expected = whole.splitlines(keepends=True)
        expected[number] = b"?\n"
        assert b"".join(garbled(CHUNKS, number, b"?")) == b"".join(expected)
