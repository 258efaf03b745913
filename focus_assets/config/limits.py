"""Say how long, how often and how fast an API may be asked."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from focus_assets.config.knobs import Count, Knobs, Seconds


class Timeouts(Knobs):
    """How long to wait for the API, in seconds."""

    connect: Seconds = Field(default=10.0, description="Until a connection stands.")
    read: Seconds = Field(default=60.0, description="Between two pieces of an answer.")
    total: Seconds = Field(default=3600.0, description="From a request's start to its answer's end.")


class Retry(Knobs):
    """How often to try again what may be repeated."""

    attempts: Count = Field(default=6, description="Tries of one request, the first included.")
    budget_seconds: Seconds = Field(
        default=300.0, description="No new try once the waits between them would take longer than this in all."
    )


class RateLimit(Knobs):
    """How fast the API may be asked, by all processes of a machine that share this focus.yaml."""

    per_second: Count | None = Field(default=None, description="Requests are spaced so that no second sees more.")
    per_minute: Count | None = Field(default=None, description="No window of 60 seconds sees more.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.per_second is None and self.per_minute is None:
            raise ValueError("expected per_second, per_minute or both; leave rate_limit out for none")
        return self
