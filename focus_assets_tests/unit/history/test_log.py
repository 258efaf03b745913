"""The log of errors holds one JSON object a line that shippers read as it is, rotates, and loses no line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from focus_assets.history.log import ErrorLog, as_ecs
from focus_assets.model.errors import ApiUnreachable, BadValue
from focus_assets.model.failure import Failure
from focus_assets.model.partition import PartitionRef

REF = PartitionRef("shop", "retail", "things", "DE")
AT = "2025-07-01T16:01:00.000000Z"


def failure(number: int = 0) -> Failure:
    return Failure(AT, "BadValue", f"number {number}", None, "Traceback\n  line", context={"load": "full"})


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_error_says_what_it_knows_of_itself() -> None:
    try:
        try:
            raise OSError("connection reset")
        except OSError as cause:
            error = ApiUnreachable("the connection broke", url="https://api.test/things?key=…")
            error.attempts = 3
            raise error from cause
    except ApiUnreachable as raised:
        found = Failure.of(raised, AT, {"load": "full", "reason": None})
    assert (found.type, found.cause, found.repeatable, found.attempts) == (
        "ApiUnreachable",
        "OSError: connection reset",
        True,
        3,
    )
    assert dict(found.context) == {"load": "full", "url": "https://api.test/things?key=…"}
    assert "connection reset" in found.stack
    assert "test_an_error_says_what_it_knows_of_itself" in found.stack
    assert not Failure.of(BadValue("no"), AT).repeatable


def test_a_line_has_the_names_of_the_elastic_common_schema() -> None:
    found = as_ecs(failure(), run_id="r1", of=REF)
    assert found["@timestamp"] == AT
    assert (found["log.level"], found["error.type"], found["error.stack_trace"]) == (
        "error",
        "BadValue",
        "Traceback\n  line",
    )
    assert found["labels"] == {
        "run_id": "r1",
        "source": "shop",
        "resource": "things",
        "partition": "DE",
        "repeatable": "false",
        "attempts": "1",
        "load": "full",
    }


def test_full_files_move_on_and_the_oldest_goes(tmp_path: Path) -> None:
    log = ErrorLog(tmp_path / "log" / "errors.jsonl", max_bytes=1_500, files=2)
    for number in range(20):
        log.write(failure(number))
    files = [log.path, *(log.path.with_name(f"errors.jsonl.{number}") for number in (1, 2, 3))]
    assert [file.exists() for file in files] == [True, True, True, False]
    assert all(file.stat().st_size <= log.max_bytes for file in files[:3])
    messages = [line["message"] for file in reversed(files[:3]) for line in lines(file)]
    assert messages == [f"number {number}" for number in range(20 - len(messages), 20)]


def test_an_error_longer_than_a_file_is_written_all_the_same(tmp_path: Path) -> None:
    log = ErrorLog(tmp_path / "errors.jsonl", max_bytes=10, files=1)
    log.write(failure(1))
    log.write(failure(2))
    assert [line["message"] for line in lines(log.path)] == ["number 2"]
    assert [line["message"] for line in lines(log.path.with_name("errors.jsonl.1"))] == ["number 1"]


WRITER = """
import sys
from pathlib import Path
from focus_assets.history.log import ErrorLog
from focus_assets.model.failure import Failure
log = ErrorLog(Path(sys.argv[1]), max_bytes=20_000, files=50)
for number in range(100):
    log.write(Failure("2025-07-01T16:01:00.000000Z", "BadValue", f"{sys.argv[2]} {number}", None, "x" * 200))
"""


def test_processes_that_share_the_file_lose_no_line_while_it_rotates(tmp_path: Path) -> None:
    path = tmp_path / "errors.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "abc"]
    assert [writer.wait(300) for writer in writers] == [0, 0, 0]
    found = [
        line["message"] for file in tmp_path.glob("errors.jsonl*") if file.suffix != ".lock" for line in lines(file)
    ]
    assert sorted(found) == sorted(f"{name} {number}" for name in "abc" for number in range(100))


def test_what_no_encoding_takes_is_written_too(tmp_path: Path) -> None:
    log = ErrorLog(tmp_path / "errors.jsonl")
    log.write(Failure(AT, "BadValue", "half a character: \ud800", None, ""))
    assert lines(log.path)[0]["message"] == "half a character: \ud800"
