"""Say what focus.yaml may say as a whole, and what that means in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator

from focus_assets.config.cron import is_cron
from focus_assets.config.destination import Destination
from focus_assets.config.discovered import DiscoveredSource
from focus_assets.config.exchange import ExchangeSource
from focus_assets.config.knobs import Count, Knobs, Seconds, Whole
from focus_assets.config.names import distinct
from focus_assets.config.rest import RestSource
from focus_assets.config.sending import Sending
from focus_assets.config.source import RESERVED
from focus_assets.config.writeback import Writeback
from focus_assets.model.errors import UnknownSource

_SOURCE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


SourceSettings = ExchangeSource | RestSource | DiscoveredSource


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
    count_errors: str | None = Field(default="10 0 * * *", description="Cron: count the errors of the day that ended.")
    send_rows: str | None = Field(
        default=None, description="Cron: send the rows of every entry of `writes`; none: when somebody says so."
    )
    full_diff_partitions_per_night: Count = Field(default=50, description="The most that one tick of full_diff takes.")
    full_diff_requests_per_night: Whole | None = Field(
        default=10_000,
        description="After so many requests full_diff begins no further partition that night; 0 or null: no bound.",
    )
    full_diff_bytes_per_night: Whole | None = Field(
        default=10 * 1024**3,
        description="After so many bytes of answers, as they came, full_diff begins no further partition that night; "
        "0 or null: no bound.",
    )
    poll_seconds: Count = Field(default=30, description="How often server_changed asks for the states.")
    timezone: str = Field(default="UTC", description="The zone of the cron expressions, such as Europe/Berlin.")
    running: bool = Field(default=False, description="Whether schedules and sensors start switched on.")

    @field_validator("delta", "full_diff", "count_errors", "send_rows")
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


class History(Knobs):
    """How long errors are kept."""

    error_days: Count = Field(default=90, description="Days that `_focus_errors` keeps an error.")
    log_files: Whole = Field(
        default=5, description="How many full files `.focus/log/errors.jsonl` leaves behind; 0 writes none at all."
    )
    log_max_bytes: Count = Field(default=10 * 1024 * 1024, description="When the file is full.")


class Concurrency(Knobs):
    """How much happens at once."""

    partitions: Count = Field(default=4, description="Partitions that one process loads at a time.")


class Document(Knobs):
    """What focus.yaml may say."""

    sources: dict[str, Annotated[SourceSettings, Field(discriminator="kind")]] = Field(min_length=1)
    destination: Destination = Destination()
    alerts: Alerts = Alerts()
    schedules: Schedules = Schedules()
    concurrency: Concurrency = Concurrency()
    history: History = History()
    writeback: Writeback | None = Field(
        default=None, description="The cluster that takes writes; none: nothing writes."
    )
    writes: dict[str, Sending] = Field(default={}, description="Rows that an API gets, each entry by its name.")

    @field_validator("sources")
    @classmethod
    def _names_can_be_files(cls, sources: dict[str, SourceSettings]) -> dict[str, SourceSettings]:
        _plain_names("the source's name", sources)
        return sources

    @field_validator("writes")
    @classmethod
    def _names_can_be_assets(cls, writes: dict[str, Sending]) -> dict[str, Sending]:
        _plain_names("the entry's name", writes)
        return writes

    @model_validator(mode="after")
    def _no_two_fill_one_table(self) -> Self:
        seen: list[tuple[str, SourceSettings]] = []
        for name, source in self.sources.items():
            for other, earlier in seen:
                if _share_a_table(_tables(name, source), _tables(other, earlier)):
                    raise ValueError(
                        f"sources.{other} and sources.{name} would fill the same tables: expected another "
                        "business_service or name, or resources that do not overlap"
                    )
            seen.append((name, source))
        return self

    @model_validator(mode="after")
    def _reads_back_from_a_source(self) -> Self:
        back = self.writeback.read_back if self.writeback else None
        if back is not None and back.source not in self.sources:
            raise ValueError(f"writeback.read_back.source: expected one of {', '.join(self.sources)}")
        return self

    @model_validator(mode="after")
    def _sends_to_what_takes_rows(self) -> Self:
        for name, entry in self.writes.items():
            source = self.sources.get(entry.source)
            kind = "rest" if entry.path is not None else "discovered"
            if source is None:
                raise ValueError(f"writes.{name}.source: expected one of {', '.join(self.sources)}")
            if source.kind != kind:
                place = "path" if kind == "rest" else "collection"
                raise ValueError(f"writes.{name}.{place}: expected a source of the kind {kind}, not {source.kind}")
            for read in (*entry.mirrored, *([entry.read_back] if entry.read_back else [])):
                owner, _, resource = read.partition("/")
                if owner not in self.sources or not self.sources[owner].mirrors(resource):
                    raise ValueError(f"writes.{name}: {read!r} is no mirrored resource of this file")
        return self

    @model_validator(mode="after")
    def _names_can_be_services(self) -> Self:
        for name, source in self.sources.items():
            if not isinstance(source, ExchangeSource) and (name.casefold().startswith(RESERVED) or "__" in name):
                raise ValueError(
                    f"sources.{name}: its name is its schema in the database; it must not begin with "
                    f"{', '.join(RESERVED)} nor hold __"
                )
        return self


def _plain_names(what: str, named: Iterable[str]) -> None:
    names = tuple(named)
    for name in names:
        if not _SOURCE_NAME.fullmatch(name):
            raise ValueError(f"{what} {name[:40]!r} is refused; expected a letter, then letters, digits, _ or -")
    distinct(tuple(name.replace("-", "_") for name in names))


def service_of(name: str, source: SourceSettings) -> str:
    """The database schema of a source's tables: its business service, else its name."""
    return source.business_service if isinstance(source, ExchangeSource) else name


def _tables(name: str, source: SourceSettings) -> tuple[str, set[str] | None]:
    """The schema and the tables, in one case, that a source fills; None: all that there are."""
    resources = None if source.resources == "all" else {resource.casefold() for resource in source.resources}
    return service_of(name, source).casefold(), resources


def _share_a_table(one: tuple[str, set[str] | None], other: tuple[str, set[str] | None]) -> bool:
    if one[0] != other[0]:
        return False
    return one[1] is None or other[1] is None or bool(one[1] & other[1])


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

    def pace_path(self, source: str) -> Path:
        """Where the processes of this machine count a source's requests."""
        return self.own_dir / "pace" / f"{source}.db"

    def service(self, name: str) -> str:
        """The database schema of a source's tables."""
        return service_of(name, self.sources[name])

    @property
    def error_log(self) -> Path:
        """Where errors are told beside the destination."""
        return self.own_dir / "log" / "errors.jsonl"

    def source(self, name: str) -> SourceSettings:
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
