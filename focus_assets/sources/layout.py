"""Which attributes of a feed's lines become which columns of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from focus_assets.model.feed import Feed, Reject, Row
from focus_assets.model.schema import Column, ResourceSchema

ANY_KEY = "id"  # what a `deleted` line may call a single key, whatever its name
DELETED_AT = "deleted_at"


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a feed's rows in their order.

    `required` may not be null; `alias` is another name for the one key; `passed_over` may be in a line, and is in no
    row; `changed` are the places of the change times among the columns.
    """

    feed: Feed
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    required: frozenset[str]
    passed_over: frozenset[str]
    alias: str | None
    changed: tuple[int, ...]

    @property
    def known(self) -> frozenset[str]:
        """Every name that a line may have."""
        return frozenset(column.name for column in self.columns) | self.passed_over


@dataclass(frozen=True, slots=True)
class Times:
    """One change-time column of some rows: the canonical texts, and what the server wrote."""

    canonical: Sequence[str | None]
    wire: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """What some lines gave; `times` are in the order of the schema's change times.

    `future` are rows beyond the server's clock of which `times` say nothing.
    """

    rows: Sequence[Row]
    times: list[Times]
    rejects: list[Reject] = field(default_factory=list)
    future: int = 0


def layout_of(schema: ResourceSchema, feed: Feed) -> Layout:
    """The layout of one feed of a resource: `deleted` lines hold keys, all others hold rows."""
    names = frozenset(column.name for column in schema.columns)
    required = frozenset(schema.key)
    if not feed.deletes:
        places = {column.name: place for place, column in enumerate(schema.columns)}
        changed = tuple(places[name] for name in schema.changed)
        return Layout(feed, schema.columns, schema.key_columns, required, frozenset(), None, changed)
    # an attribute `id` that is not the key must never be taken for it
    alias = ANY_KEY if len(schema.key) == 1 and ANY_KEY not in names else None
    passed_over = (names | {DELETED_AT} | ({alias} if alias else set())) - required
    return Layout(feed, schema.key_columns, schema.key_columns, required, frozenset(passed_over), alias, ())
