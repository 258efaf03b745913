"""Log lines are objects that an Elastic shipper reads as they are."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from focus_assets.writeback.intent import Intent, Kind, State
from focus_assets.writeback.logs import JsonLines
from focus_assets.writeback.writes import said_of

# https://www.elastic.co/docs/reference/ecs/ecs-field-reference
ECS = {
    "@timestamp", "ecs.version", "error.message", "error.stack_trace", "error.type", "event.action", "event.dataset",
    "event.outcome", "event.reason", "labels", "log.level", "log.logger", "message", "service.name", "transaction.id",
}  # fmt: skip
OUTCOMES = {"success", "failure", "unknown"}


def line(message: str, *, level: int = logging.INFO, exc_info: Any = None, **extra: object) -> dict[str, Any]:
    record = logging.LogRecord("focus_assets.writes", level, __file__, 1, message, (), exc_info)
    record.__dict__.update(extra)
    text = JsonLines().format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("state", State)
def test_each_step_of_a_write_has_the_names_that_elastic_knows(state: State) -> None:
    one = Intent("op-1", Kind.DELETE, "alpha", "transaction-1", "", (), 0, 0, None, state, error="a reason")
    said = line("a step", **said_of(one))
    assert set(said) <= ECS
    assert (said["transaction.id"], said["labels"]) == ("transaction-1", {"operation_id": "op-1"})
    assert (said["event.action"], said["event.reason"]) == (state, "a reason")
    assert said["event.outcome"] in OUTCOMES
    assert (said["event.outcome"] == "success") is (state is State.DONE)


def test_every_line_has_what_the_specification_of_logs_demands() -> None:
    said = line("two\nlines", level=logging.WARNING)
    assert {"@timestamp", "log.level", "message", "ecs.version"} <= set(said) <= ECS
    assert (said["log.level"], said["message"]) == ("warning", "two\nlines")
    assert said["@timestamp"].endswith("Z")


def test_an_error_tells_its_kind_and_where_it_was() -> None:
    try:
        raise ValueError("what is wrong")
    except ValueError as error:
        said = line("it broke", level=logging.ERROR, exc_info=(type(error), error, error.__traceback__))
    assert (said["error.type"], said["error.message"]) == ("ValueError", "what is wrong")
    assert "test_logs.py" in said["error.stack_trace"]
    assert set(said) <= ECS
