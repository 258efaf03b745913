"""Write log records as JSON lines that an Elastic shipper reads as they are.

Field names: https://www.elastic.co/docs/reference/ecs/ecs-field-reference, and for what each line of a log has
https://github.com/elastic/ecs-logging/tree/main/spec
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from focus_assets.history.log import ECS_VERSION
from focus_assets.writeback.intent import State

_NAMED = {"transaction_id": "transaction.id", "state": "event.action", "reason": "event.reason"}
_OUTCOMES: dict[str, str] = {State.DONE: "success", State.COMPENSATED: "failure", State.DEAD: "failure"}


class JsonLines(logging.Formatter):
    """One object a line; what a record tells of a write has a field of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "@timestamp": moment.replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            "ecs.version": ECS_VERSION,
            "event.dataset": "focus_assets.writes",
            "service.name": "focus-assets",
        }
        return json.dumps(said | dict(_of_a_write(record)) | self._of_an_error(record), ensure_ascii=False)

    def _of_an_error(self, record: logging.LogRecord) -> dict[str, str]:
        kind, error, _ = record.exc_info or (None, None, None)
        if record.exc_info is None or kind is None:
            return {}
        trace = self.formatException(record.exc_info)
        return {"error.type": kind.__name__, "error.message": str(error), "error.stack_trace": trace}


def _of_a_write(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    for name, field in _NAMED.items():
        if text := getattr(record, name, ""):
            yield field, text
    if state := getattr(record, "state", ""):
        yield "event.outcome", _OUTCOMES.get(state, "unknown")
    # `event.id` would be the same in all lines of one operation, and is for telling lines apart.
    if operation := getattr(record, "operation_id", ""):
        yield "labels", {"operation_id": operation}


def log_as_json() -> None:
    """Send all records of `info` and above to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request says nothing more
