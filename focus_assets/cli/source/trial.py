"""Ask for one page of a resource, and show what a load would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TypeAlias

import anyio
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from focus_assets.cli.call import Call
from focus_assets.cli.ending import FAILED, OK, sentence
from focus_assets.cli.source.request import Written, request_lines
from focus_assets.cli.tables import number, print_hanging, sentences
from focus_assets.client import redact
from focus_assets.config import Config, DiscoveredSource, RestSource
from focus_assets.model.errors import FocusError, InvalidConfiguration, UnknownPartition, UnknownResource
from focus_assets.model.records import Record
from focus_assets.model.schema import ResourceSchema
from focus_assets.sources.discovered import DiscoveredApi
from focus_assets.sources.open import open_source
from focus_assets.sources.rest.glimpse import RAW, Glimpse, Stage
from focus_assets.sources.rest.pages import Answered
from focus_assets.sources.rest.shape import Place, places, readable
from focus_assets.sources.rest.source import RestApi

Paged: TypeAlias = RestSource | DiscoveredSource

SHOWN_RECORDS = 3
SHOWN_REFUSALS = 5
SHOWN_PLACES = 30
CELL = 32


def trial(call: Call, source: str, resource: str | None, partition: str | None) -> int:
    """Exit code 1 where a page could not be had, or not be stored as it is."""
    settings = _paged(call.config, source)
    names = [_known(resource, settings)] if resource else _all(call.config, source, settings)
    told = [_try(call, source, name, _partition(settings, name, partition)) for name in names]
    return OK if all(told) else FAILED


def _paged(config: Config, source: str) -> Paged:
    settings = config.source(source)
    if isinstance(settings, RestSource | DiscoveredSource):
        return settings
    where = str(config.file or "the built-in configuration")
    problem = f"its pages cannot be tried, as it is of the kind {settings.kind}; `focus doctor` looks at it"
    raise InvalidConfiguration(where, problem, path=f"sources.{source}")


def _known(resource: str, settings: Paged) -> str:
    if settings.resources != "all" and resource not in settings.resources:
        raise UnknownResource(resource, settings.resources)
    return resource


def _all(config: Config, source: str, settings: Paged) -> list[str]:
    return anyio.run(_discovered, config, source) if settings.resources == "all" else list(settings.resources)


async def _discovered(config: Config, source: str) -> list[str]:
    async with open_source(source, config) as api:
        return await api.resources()


def _partition(settings: Paged, resource: str, asked: str | None) -> str:
    """The one that was asked for, else the first."""
    known = settings.partitions_of(resource)
    if asked is not None and asked not in known:
        raise UnknownPartition(asked, [name for name in known if name])
    return asked or known[0]


def _try(call: Call, source: str, resource: str, partition: str) -> bool:
    """Whether the page could be stored; else it is said why not."""
    name = f"{source}/{resource}/{partition}".rstrip("/")
    try:
        glimpse = anyio.run(partial(_glimpse, call.config, source, resource, partition))
        _show(call.out, name, glimpse, Written.of(call.config, source, resource))
    except FocusError as error:
        sentences(call.err, [(name, sentence(error))], style="red")
        return False
    return True


async def _glimpse(config: Config, source: str, resource: str, partition: str) -> Glimpse:
    async with open_source(source, config) as api:
        assert isinstance(api, RestApi | DiscoveredApi)
        return await api.glimpse(resource, partition)


def _show(out: Console, name: str, glimpse: Glimpse, written: Written) -> None:
    """All that there is to see, in the order in which a load comes to it; raises FocusError where it would stop."""
    _heading(out, name)
    for line in request_lines(glimpse, written):
        out.print(Text(line), soft_wrap=True)
    _show_shape(out, glimpse)
    page = glimpse.page()
    _show_pages(out, glimpse, page)
    for stage in glimpse.stages(page):
        _show_records(out, stage, glimpse)
    records = glimpse.stored(page)
    schema = glimpse.columns(records)
    _show_columns(out, schema, records, glimpse)
    _show_refused(out, glimpse, records, schema)


def _heading(out: Console, text: str, said: str = "") -> None:
    out.print(Text.assemble("\n", (text, "bold"), f"  {said}" if said else ""), soft_wrap=True)


def _show_shape(out: Console, glimpse: Glimpse) -> None:
    _heading(out, "answer", f"{len(glimpse.body.data):,} bytes of {glimpse.resource.format.value}")
    table = _table("where", "what")
    found = list(places(glimpse.document()))
    for place in found[:SHOWN_PLACES]:
        table.add_row(Text(glimpse.hide(place.path)), Text(glimpse.hide(place.said)))
    if len(found) > SHOWN_PLACES:
        table.add_row("…", f"{len(found) - SHOWN_PLACES:,} more")
    out.print(table)


def _show_pages(out: Console, glimpse: Glimpse, page: Answered) -> None:
    following = glimpse.following(page)
    more = f"{len(following):,} more" if len(following) > 1 else redact(following[0].url) if following else "none"
    total = page.total if glimpse.total is None else glimpse.total
    known = "" if total is None else f" of {number(total)}"
    _heading(out, "page", f"{_records(len(page.records))}{known}; next: {more}")


def _show_records(out: Console, stage: Stage, glimpse: Glimpse) -> None:
    """Attributes downwards: a record may have more of them than a terminal has columns."""
    _heading(out, stage.name, _records(len(stage.records)) if stage.name != RAW else "as they came")
    shown = stage.records[:SHOWN_RECORDS]
    table = _table("attribute", *(f"record {place}" for place in range(1, len(shown) + 1)))
    for attribute in _attributes(shown):
        cells = (_cell(record, attribute, glimpse) for record in shown)
        table.add_row(Text(_cut(glimpse.hide(readable(attribute)))), *cells)
    if shown:
        out.print(table)


def _show_columns(out: Console, schema: ResourceSchema, records: Sequence[Record], glimpse: Glimpse) -> None:
    origin = "inferred from this page alone" if glimpse.schema is None else "as declared or frozen"
    _heading(out, "columns", origin)
    table = _table("column", "type", "", "for example")
    for column in schema.columns:
        marks = ["key"] * (column.name in schema.key) + ["cursor"] * (column.name in schema.changed)
        example = next((record for record in records if record.get(column.name) is not None), {})
        table.add_row(
            Text(readable(column.name)),
            str(column.type),
            ", ".join(marks),
            _cell(example, column.name, glimpse, absent=""),
        )
    out.print(table)


def _show_refused(out: Console, glimpse: Glimpse, records: Sequence[Record], schema: ResourceSchema) -> None:
    refused = list(glimpse.refused(records, schema))
    for error in refused[1:SHOWN_REFUSALS]:
        print_hanging(out, Text(glimpse.hide(str(error)), style="red"), indent=2)
    if refused:
        raise refused[0]


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _attributes(records: Iterable[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _cell(record: Record, attribute: str, glimpse: Glimpse, *, absent: str = "–") -> Text:
    if attribute not in record:
        return Text(absent, style="dim")
    return Text(_cut(glimpse.hide(Place(attribute, record[attribute]).said)))


def _cut(text: str) -> str:
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
