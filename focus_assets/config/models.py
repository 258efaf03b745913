"""Say what can be configured, with which defaults, and what is refused."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from focus_assets.config.auth import Auth
from focus_assets.config.cron import is_cron
from focus_assets.config.knobs import Count, Knobs, Seconds, Whole
from focus_assets.model.errors import UnknownSource

_MIB = 1024 * 1024
_SOURCE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_RESERVED = ("_focus", "pg_", "information_schema")


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
    """How fast the API may be asked; shared by all partitions of a process."""

    per_second: Count | None = Field(default=None, description="Requests are spaced so that no second sees more.")
    per_minute: Count | None = Field(default=None, description="No window of 60 seconds sees more.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.per_second is None and self.per_minute is None:
            raise ValueError("expected per_second, per_minute or both; leave rate_limit out for none")
        return self


class BadRows(Enum):
    """What becomes of a line that cannot be stored as it is."""

    REFUSE = "refuse"
    QUARANTINE = "quarantine"


def _names(value: object) -> object:
    """A list as it is, and `DE, FR, NO` (all that one variable can say) as the list that it means."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if any(not name or name != name.strip() or not name.isprintable() for name in names):
        raise ValueError("expected names that are not empty and hold no control characters or spaces around them")
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise ValueError(f"expected each name once; there twice: {', '.join(twice)}")
    return names


class ExchangeSource(Knobs):
    """One business service of a Data Exchange API."""

    kind: Literal["exchange"]
    base_url: str = Field(description="The host, without /api/v1, such as https://data.example.org.")
    business_service: str = Field(description="The service's name in the API's paths; its schema in the database.")
    auth: Auth = Field(description="How to log in.")
    countries: tuple[str, ...] = Field(min_length=1, description="Each is a partition of every resource.")
    resources: tuple[str, ...] | Literal["all"] = Field(
        default="all", description="All that the schema names, or a list."
    )
    lang: str | None = Field(default=None, min_length=1, description="Sent as lang= with a full load.")
    overlap_seconds: Whole = Field(default=300, description="A delta asks again for this long before its watermark.")
    rate_limit: RateLimit | None = None
    timeouts: Timeouts = Timeouts()
    retry: Retry = Retry()
    token_life_seconds: Seconds = Field(default=1740.0, description="A token is renewed when it is this old.")
    change_columns: tuple[str, ...] = Field(
        default=("created_at", "updated_at"), description="The columns that say when a row was changed."
    )
    bad_rows: BadRows = Field(
        default=BadRows.REFUSE, description="refuse: the load fails. quarantine: the line goes to _focus_rejects."
    )
    compare_total: bool = Field(default=True, description="false where the server's total_items means something else.")
    full_every_days: Count | None = Field(default=7, description="A full diff is due when the last is this old.")
    heals_per_day: Whole = Field(default=3, description="Full diffs a day and partition that a mismatch may force.")
    fresh_for_hours: Seconds = Field(default=26.0, description="The check `fresh` is red when the last load is older.")
    max_line_bytes: Count = Field(default=16 * _MIB, description="A longer line is refused.")
    max_body_bytes: Count = Field(default=64 * 1024 * _MIB, description="A longer answer, decoded, is refused.")

    @field_validator("base_url")
    @classmethod
    def _is_a_host(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("expected a URL such as https://data.example.org")
        if parts.username or parts.password:
            raise ValueError("expected a URL without user and password; they belong under auth")
        if parts.path.rstrip("/").endswith("/api/v1"):
            raise ValueError("expected the host alone, without /api/v1")
        return url.rstrip("/")

    @field_validator("business_service")
    @classmethod
    def _is_a_service(cls, name: str) -> str:
        plain = bool(name) and name == name.strip() and name.isprintable() and name not in (".", "..")
        if not plain or name.casefold().startswith(_RESERVED):
            raise ValueError("expected a service's name; it must not begin with _focus, pg_ or information_schema")
        return name

    @field_validator("countries", "change_columns", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _names(value)

    @field_validator("countries", "change_columns")
    @classmethod
    def _are_distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _distinct(names)

    @field_validator("resources", mode="plain", json_schema_input_type=Literal["all"] | list[str])
    @classmethod
    def _all_or_some(cls, value: object) -> tuple[str, ...] | Literal["all"]:
        names = _names(value)
        if names == ["all"]:
            return "all"
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError("expected all, or a list of resources")
        return _distinct(tuple(names))

    def mirrors(self, resource: str) -> bool:
        """Whether this resource is among the configured ones."""
        return self.resources == "all" or resource in self.resources


class Destination(Knobs):
    """The database that is kept a mirror."""

    url: SecretStr = Field(
        default=SecretStr("sqlite:///data/focus.db"),
        description="An SQLAlchemy URL; a relative path of SQLite begins beside focus.yaml.",
    )
    password: SecretStr | None = Field(
        default=None, description="Replaces the URL's: here no character needs an escape."
    )
    lock_timeout_seconds: Seconds = Field(default=10.0, description="How long to wait for another's lock.")

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = make_url(url.get_secret_value())
        except (ArgumentError, ValueError):
            # The parser's own text quotes the URL.
            raise ValueError("expected a URL such as postgresql://user:password@host/database") from None
        if _is_sqlite(parsed) and (not parsed.database or parsed.database.startswith((":", "file:"))):
            raise ValueError("expected the path of a file after sqlite:///")
        return url

    @property
    def shown(self) -> str:
        """The URL for people: without its password."""
        return make_url(self.url.get_secret_value()).render_as_string(hide_password=True)

    def beside(self, home: Path) -> Destination:
        """The same destination with its password in its URL and its path made absolute."""
        url = make_url(self.url.get_secret_value())
        if self.password is not None:
            url = url.set(password=self.password.get_secret_value())
        if _is_sqlite(url) and url.database:
            url = url.set(database=str(home / Path(url.database).expanduser()))
        whole = SecretStr(url.render_as_string(hide_password=False))
        return self.model_copy(update={"url": whole, "password": None})


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


class Alerts(Knobs):
    """Where failures and recoveries are told."""

    webhook_url: SecretStr | None = Field(default=None, description="Gets a JSON object by POST; none sends nothing.")
    timeout_seconds: Seconds = 10.0

    @field_validator("webhook_url")
    @classmethod
    def _is_http(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value()) if url else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("expected a URL that begins with http:// or https://")
        return url


class Schedules(Knobs):
    """When Dagster loads by itself. A schedule that is null does not exist."""

    delta: str | None = Field(default="*/15 * * * *", description="Cron: bring every partition up to date.")
    full_diff: str | None = Field(default="0 2 * * *", description="Cron: prove the partitions whose proof is oldest.")
    full_diff_partitions_per_night: Count = Field(default=50, description="The most that one tick of full_diff takes.")
    poll_seconds: Count = Field(default=60, description="How often server_changed asks for the states.")
    timezone: str = Field(default="UTC", description="The zone of the cron expressions, such as Europe/Berlin.")
    running: bool = Field(default=False, description="Whether schedules and sensors start switched on.")

    @field_validator("delta", "full_diff")
    @classmethod
    def _is_cron(cls, expression: str | None) -> str | None:
        if expression is not None and not is_cron(expression):
            raise ValueError("expected a cron expression of five fields, such as */15 * * * *")
        return expression

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("expected a time zone, such as Europe/Berlin")
        return ZoneInfo(name).key


class Concurrency(Knobs):
    """How much happens at once."""

    partitions: Count = Field(default=4, description="Partitions that one process loads at a time.")


class Document(Knobs):
    """What focus.yaml may say."""

    sources: dict[str, ExchangeSource] = Field(min_length=1)
    destination: Destination = Destination()
    alerts: Alerts = Alerts()
    schedules: Schedules = Schedules()
    concurrency: Concurrency = Concurrency()

    @field_validator("sources")
    @classmethod
    def _names_can_be_files(cls, sources: dict[str, ExchangeSource]) -> dict[str, ExchangeSource]:
        for name in sources:
            if not _SOURCE_NAME.fullmatch(name):
                raise ValueError(
                    f"the source's name {name[:40]!r} is refused; expected a letter, then letters, digits, _ or -"
                )
        _distinct(tuple(name.replace("-", "_") for name in sources))
        return sources

    @model_validator(mode="after")
    def _no_two_fill_one_table(self) -> Self:
        seen: list[tuple[str, ExchangeSource]] = []
        for name, source in self.sources.items():
            for other, earlier in seen:
                if _share_a_table(source, earlier):
                    raise ValueError(
                        f"sources.{other} and sources.{name} would fill the same tables: expected another "
                        "business_service, or resources that do not overlap"
                    )
            seen.append((name, source))
        return self


def _share_a_table(one: ExchangeSource, other: ExchangeSource) -> bool:
    if one.business_service.casefold() != other.business_service.casefold():
        return False
    if "all" in (one.resources, other.resources):
        return True
    return bool({name.casefold() for name in one.resources} & {name.casefold() for name in other.resources})


class Config(Document):
    """A document that was read: `destination.url` is complete, and `home` is where our files lie."""

    home: Path
    file: Path | None = None

    @property
    def own_dir(self) -> Path:
        """The folder of every file that we make: `.focus` beside focus.yaml. It need not exist yet."""
        return self.home / ".focus"

    def schema_path(self, source: str) -> Path:
        """Where the snapshot of a source's schema lies."""
        return self.own_dir / "schema" / f"{source}.json"

    def source(self, name: str) -> ExchangeSource:
        """A source by its name; UnknownSource where there is none."""
        if name not in self.sources:
            raise UnknownSource(name, self.sources)
        return self.sources[name]

    @classmethod
    def of(cls, document: Document, home: Path, file: Path | None = None) -> Config:
        """The configuration that a document means in a folder."""
        parts: dict[str, Any] = {name: getattr(document, name) for name in Document.model_fields}
        parts["destination"] = document.destination.beside(home)
        return cls(**parts, home=home, file=file)
