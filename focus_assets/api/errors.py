"""Hear of errors in a script, keep them with those of the mirror, and say how things stand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from focus_assets.api.database import open_database
from focus_assets.database.open import Database
from focus_assets.history.errors import DAYS, Keeping, keep
from focus_assets.history.log import ErrorLog
from focus_assets.model.failure import Failure
from focus_assets.model.stamps import canonical

HEALTHY = "healthy"
FAILING = "failing"


class ErrorHandler:
    """Keeps the errors that it is told of: in memory, in `_focus_errors` of a database, and in a log that rotates.

    An error's text never has a password or a token of ours; what a script puts into the context is up to the script.
    """

    def __init__(
        self, url: str | SecretStr | Database | None = None, *, log: Path | None = None, days: int = DAYS
    ) -> None:
        """Errors of the database are forgotten after so many days. Raises InvalidConfiguration."""
        self._database = None if url is None else open_database(url)
        self._keeping = Keeping(days, ErrorLog(log) if log else None)
        self._failures: list[Failure] = []
        self._guard = threading.Lock()

    def record(self, error: BaseException, **context: object) -> Failure:
        """Keep one error and what was being done. Raises DatabaseError or OSError where it cannot be kept."""
        failure = Failure.of(error, canonical(datetime.now(UTC).isoformat()), context)
        with self._guard:
            self._failures.append(failure)
        if self._keeping.log is not None:
            self._keeping.log.write(failure)
        if self._database is not None:
            keep(self._database, failure, self._keeping)
        return failure

    @contextmanager
    def watching(self, **context: object) -> Iterator[None]:
        """Keep what is raised inside, and let it pass."""
        try:
            yield
        except Exception as error:
            self.record(error, **context)
            raise

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The errors that this handler was told of, oldest first."""
        with self._guard:
            return tuple(self._failures)

    def get_error_summary(self) -> dict[str, Any]:
        """How many errors this handler was told of; where there were any also of which types, and the latest one.

        >>> ErrorHandler().get_error_summary()
        {'total_errors': 0, 'status': 'healthy'}
        """
        failures = self.failures
        if not failures:
            return {"total_errors": 0, "status": HEALTHY}
        latest = failures[-1]
        return {
            "total_errors": len(failures),
            "status": FAILING,
            "by_type": dict(Counter(failure.type for failure in failures)),
            "latest": {"time": latest.happened_at, "type": latest.type, "message": latest.message},
        }
