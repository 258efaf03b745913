"""Tell a webhook what began to fail and what recovered: on transitions only, and again until it was taken.

The body is one JSON object: `text` for people (Slack, Mattermost and others show it), `alerts` for machines:

    {"text": "failed: retail/promotions/DE: count_matches_server: 59 rows here, 60 at the server: -1",
     "alerts": [{"kind": "check", "status": "failed", "subject": "retail/promotions/DE: count_matches_server",
                 "message": "59 rows here, 60 at the server: -1", "severity": "ERROR",
                 "run_id": "0a2c…", "at": "2025-07-01T16:01:00Z"}]}

`kind` is check or run, `status` failed or recovered; a run's `subject` is a partition or a job.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Signal:
    """Something was found to be well, or not."""

    subject: str
    ok: bool
    message: str
    run_id: str
    at: float
    severity: str = "ERROR"


@dataclass(frozen=True, slots=True)
class Alert:
    """One transition, as the webhook is told."""

    kind: str
    status: str
    subject: str
    message: str
    severity: str
    run_id: str
    at: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a sensor has read, and what is failing as far as it has told."""

    position: Any = None
    failing: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """The cursor that `written` wrote; an empty one on the first tick."""
        stored = json.loads(text) if text else {}
        return cls(stored.get("position"), frozenset(stored.get("failing", ())))

    def written(self) -> str:
        """As text."""
        return json.dumps({"position": self.position, "failing": sorted(self.failing)})


def transitions(kind: str, failing: frozenset[str], signals: Iterable[Signal]) -> tuple[list[Alert], frozenset[str]]:
    """What began to fail and what recovered, in order; and what fails afterwards."""
    alerts, now = [], set(failing)
    for signal in signals:
        if signal.ok is not (signal.subject in now):
            continue
        (now.discard if signal.ok else now.add)(signal.subject)
        alerts.append(_alert(kind, signal))
    return alerts, frozenset(now)


def still_failing(alerts: Sequence[Alert]) -> list[Alert]:
    """The last word of each subject, where it is a failure: what somebody who comes late must know."""
    last = {alert.subject: alert for alert in alerts}
    return [alert for alert in last.values() if alert.status == "failed"]


def payload(alerts: Sequence[Alert]) -> dict[str, Any]:
    """What is sent."""
    lines = [f"{alert.status}: {alert.subject}: {alert.message}" for alert in alerts[:MOST_LINES]]
    more = len(alerts) - len(lines)
    text = "\n".join([*lines, f"and {more} more"] if more else lines)
    return {"text": text, "alerts": [asdict(alert) for alert in alerts]}


def _alert(kind: str, signal: Signal) -> Alert:
    return Alert(
        kind=kind,
        status="recovered" if signal.ok else "failed",
        subject=signal.subject,
        message=signal.message,
        severity=signal.severity,
        run_id=signal.run_id,
        at=datetime.fromtimestamp(signal.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
