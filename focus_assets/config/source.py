"""Say what every kind of source can be told."""

from __future__ import annotations

from enum import Enum
from urllib.parse import urlsplit

from pydantic import Field

from focus_assets.config.knobs import Count, Knobs, Seconds, Whole
from focus_assets.config.limits import RateLimit, Retry, Timeouts

RESERVED = ("_focus", "pg_", "information_schema")


class BadRows(Enum):
    """What becomes of a line or record that cannot be stored as it is."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"


class ApiSource(Knobs):
    """How an API may be asked, and how what it says is judged."""

    rate_limit: RateLimit | None = None
    timeouts: Timeouts = Timeouts()
    retry: Retry = Retry()
    token_life_seconds: Seconds = Field(default=1740.0, description="A token is renewed when it is this old.")
    bad_rows: BadRows = Field(
        default=BadRows.REFUSE, description="refuse: the load fails. quarantine: the line goes to _focus_rejects."
    )
    full_every_days: Count | None = Field(default=7, description="A full diff is due when the last is this old.")
    heals_per_day: Whole = Field(default=3, description="Full diffs a day and partition that a mismatch may force.")
    fresh_for_hours: Seconds = Field(default=26.0, description="The check `fresh` is red when the last load is older.")


def checked_host(url: str) -> str:
    """The URL without a slash at its end; raises ValueError for what is none, or holds more than a place."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected a URL such as https://data.example.org")
    if parts.username or parts.password:
        raise ValueError("expected a URL without user and password; they belong under auth")
    return url.rstrip("/")
