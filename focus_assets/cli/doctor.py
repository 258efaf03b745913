"""Look at everything that a mirror needs, and say of each thing that it is ok, or what to do."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import anyio
import sqlalchemy as sa
from rich.text import Text

from focus_assets.cli.call import Call, print_json
from focus_assets.cli.ending import FAILED, OK, sentence
from focus_assets.cli.tables import print_hanging
from focus_assets.client import join, redact
from focus_assets.config import Config, ExchangeSource, Retry, SourceSettings, Timeouts
from focus_assets.database.open import Database
from focus_assets.model.errors import (
    ApiError,
    AuthenticationFailed,
    DatabaseBusy,
    DatabaseError,
    DatabaseRefused,
    DatabaseUnreachable,
    FocusError,
    PermissionDenied,
    StorageFull,
)
from focus_assets.model.feed import Feed
from focus_assets.model.partition import PartitionRef
from focus_assets.sources.login import login_origins
from focus_assets.sources.open import open_source
from focus_assets.sources.source import Source

PATIENCE_SECONDS = 10.0
CLOCK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `do` is what to do where it is not ok."""

    about: str
    what: str
    says: str
    do: str = ""

    @property
    def ok(self) -> bool:
        """Nothing to do."""
        return not self.do

    @property
    def record(self) -> dict[str, object]:
        """The same for a machine."""
        return {"about": self.about, "check": self.what, "ok": self.ok, "says": self.says, "do": self.do or None}


def doctor(call: Call, *, as_json: bool) -> int:
    """Exit code 1 where anything is not ok."""
    return anyio.run(partial(_doctor, call, as_json))


async def _doctor(call: Call, as_json: bool) -> int:
    healthy = True
    async for finding in examine(call.config):
        healthy = healthy and finding.ok
        if as_json:
            print_json(finding.record)
        else:
            _print(call, finding)
    return OK if healthy else FAILED


def _print(call: Call, finding: Finding) -> None:
    mark = ("ok    ", "green") if finding.ok else ("FAIL  ", "bold red")
    said = Text.assemble(mark, (f"{finding.about}: {finding.what}  ", "bold"), finding.says)
    print_hanging(call.out, said, indent=6)
    if finding.do:
        print_hanging(call.out, Text(f"      → {finding.do}"), indent=8)


async def examine(config: Config) -> AsyncIterator[Finding]:
    """Findings, as they are found; what depends on something that failed is not looked at."""
    where = str(config.file) if config.file else "built in (there is no focus.yaml)"
    yield Finding("configuration", "read", f"{where}, {_sources(config)} into {config.destination.shown}")
    for name in config.sources:
        async for finding in examine_source(config, name):
            yield finding
    for finding in await anyio.to_thread.run_sync(lambda: list(examine_database(config))):
        yield finding


async def examine_source(config: Config, name: str) -> AsyncIterator[Finding]:
    """TCP, login, schema, clock; each needs the one before."""
    settings = config.source(name)
    reached = await _reach(name, settings)
    yield reached
    if not reached.ok:
        return
    async with open_source(name, _impatient(config)) as source:
        found = _ask(source, settings) if isinstance(settings, ExchangeSource) else _read(source, settings)
        async for finding in found:
            yield finding


def _impatient(config: Config) -> Config:
    """The same, but a failure is told at once."""
    timeouts = Timeouts(connect=PATIENCE_SECONDS, read=PATIENCE_SECONDS, total=PATIENCE_SECONDS)
    quick = {"retry": Retry(attempts=1), "timeouts": timeouts}
    sources = {name: settings.model_copy(update=quick) for name, settings in config.sources.items()}
    return config.model_copy(update={"sources": sources})


async def _reach(name: str, settings: SourceSettings) -> Finding:
    parts = urlsplit(settings.base_url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with anyio.fail_after(PATIENCE_SECONDS):
            stream = await anyio.connect_tcp(host, port)
        await stream.aclose()
    except (OSError, TimeoutError) as error:
        do = f"start the server, or correct sources.{name}.base_url; for the sandbox: focus sandbox --port {port}"
        return Finding(name, "TCP", f"{host}:{port}: no connection ({_reason(error)})", do)
    return Finding(name, "TCP", f"{host}:{port} answers")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"{PATIENCE_SECONDS:.0f} s have passed"
    cause = error if error.__cause__ is None else error.__cause__
    number = getattr(cause, "errno", None)
    # The event loop's own text names its call; a failed look-up's number is none of the system's.
    return os.strerror(number) if number and number > 0 else str(cause)


async def _ask(source: Source, settings: ExchangeSource) -> AsyncIterator[Finding]:
    try:
        schemas = await source.schemas(fresh=True)
    except FocusError as error:
        yield _refused(source.name, error, login_failed=_is_login(error, settings))
        return
    yield Finding(source.name, "login", settings.auth.who)
    yield Finding(source.name, "schema", f"{len(schemas)} resources: {', '.join(schemas)}")
    for resource in list(schemas)[:1]:
        yield await _clock(source, PartitionRef(source.name, source.service, resource, settings.countries[0]))


async def _read(source: Source, settings: SourceSettings) -> AsyncIterator[Finding]:
    """The first page of each resource, of its first partition."""
    try:
        resources = await source.resources()
    except FocusError as error:
        yield Finding(source.name, "services", sentence(error), f"correct sources.{source.name}")
        return
    for resource in resources:
        ref = PartitionRef(source.name, source.service, resource, settings.partitions_of(resource)[0])
        try:
            async with source.stream(ref, Feed.FULL, None):
                pass
        except FocusError as error:
            part = "auth" if _is_login(error, settings) else f"resources.{resource}"
            do = f"correct sources.{source.name}.{part}, or tell who runs the API"
            yield Finding(source.name, resource, sentence(error), do)
        else:
            yield Finding(source.name, resource, "its first page can be read")


def _is_login(error: FocusError, settings: SourceSettings) -> bool:
    logins = (join(settings.base_url, "api", "v1", "auth"), *login_origins(settings.auth))
    return isinstance(error, AuthenticationFailed) or (isinstance(error, ApiError) and error.url in map(redact, logins))


def _refused(name: str, error: FocusError, *, login_failed: bool) -> Finding:
    if login_failed:
        return Finding(
            name, "login", sentence(error), f"correct sources.{name}.auth, or ask who runs the API for access"
        )
    if isinstance(error, PermissionDenied):
        return Finding(name, "schema", sentence(error), f"ask who runs the API for the right to read {name!r}")
    do = f"check sources.{name}.business_service and resources; if they are right, tell who runs the API"
    return Finding(name, "schema", sentence(error), do)


async def _clock(source: Source, ref: PartitionRef) -> Finding:
    try:
        server = (await source.state(ref, None)).server_time
    except FocusError as error:
        return Finding(
            ref.source, "state", sentence(error), f"check sources.{ref.source}.countries, or tell who runs the API"
        )
    if server is None:
        return Finding(ref.source, "clock", "the server does not tell its time")
    # The header has whole seconds.
    off = (datetime.now(UTC) - server).total_seconds() - 0.5
    said = f"ours is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the server's"
    if abs(off) > CLOCK_SECONDS:
        return Finding(ref.source, "clock", said, "set this machine's clock, or the server's (NTP)")
    return Finding(ref.source, "clock", said if abs(off) >= 1 else "the server's and ours agree")


def examine_database(config: Config) -> Iterator[Finding]:
    """Connect; make, fill and drop a table; make a schema for each service where there are schemas."""
    shown = config.destination.shown
    try:
        database = Database(config.destination)
        with database.reading("connect") as connection:
            connection.execute(sa.select(sa.literal(1)))
    except FocusError as error:
        yield Finding("destination", "connect", sentence(error), _remedy(error))
        return
    yield Finding("destination", "connect", shown)
    try:
        _probe(database)
        if database.dialect.has_schemas:
            _probe_schemas(database, {config.service(name) for name in config.sources})
    except FocusError as error:
        yield Finding("destination", "rights", sentence(error), _remedy(error))
        return
    yield Finding("destination", "rights", "tables can be made, filled and dropped")


def _probe_table(schema: str | None = None) -> sa.Table:
    name = f"_focus_probe_{uuid.uuid4().hex[:8]}"
    return sa.Table(name, sa.MetaData(), sa.Column("x", sa.Integer), schema=schema)


def _probe(database: Database) -> None:
    table = _probe_table()
    with database.writing("make, fill and drop a table") as connection:
        table.create(connection)
        connection.execute(sa.insert(table).values(x=1))
        table.drop(connection)


def _probe_schemas(database: Database, services: set[str]) -> None:
    """Leaves nothing behind: a schema that was not there is not there afterwards."""
    for service in sorted(services):
        with database.connection(f"use the schema {service!r}") as connection, connection.begin() as transaction:
            schema = sa.quoted_name(database.dialect.schema_name(service), quote=True)
            if not sa.inspect(connection).has_schema(schema):
                connection.execute(sa.schema.CreateSchema(schema))
            _probe_table(schema).create(connection)
            transaction.rollback()


def _remedy(error: FocusError) -> str:
    known: tuple[tuple[type[FocusError], str], ...] = (
        (DatabaseUnreachable, "start the database, or correct destination.url"),
        (DatabaseRefused, "grant the user of destination.url the right to create schemas and tables and to write"),
        (DatabaseBusy, "end whoever holds the lock, or raise destination.lock_timeout_seconds"),
        (StorageFull, "make room where the database lies"),
        (DatabaseError, "see what the database says; then correct destination.url or the user's rights"),
    )
    return next((do for kind, do in known if isinstance(error, kind)), "correct destination.url")


def _sources(config: Config) -> str:
    return "1 source" if len(config.sources) == 1 else f"{len(config.sources)} sources"
