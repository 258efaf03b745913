"""Write log records as JSON lines that an Elastic shipper reads as they are.

Field names: https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_NAMED = {
    "transaction_id": "transaction.id",
    "operation_id": "event.id",
    "state": "event.action",
    "reason": "event.reason",
}


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
        }
        said |= {field: text for name, field in _NAMED.items() if (text := getattr(record, name, ""))}
        if record.exc_info:
            said["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def log_as_json() -> None:
    """Send all records of `info` and above to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each request says nothing more
