"""Rows of a whole block as tuples of PostgreSQL's binary COPY, where the compiled piece has no doubt about any of them.

It is optional (docs/decisions/0010-a-compiled-piece.md). Without it, and for every block that it does not like, there
are the readers in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from focus_assets.model.feed import PackedRows, Row
from focus_assets.model.stamps import canonical
from focus_assets.sources.fast import is_sayable
from focus_assets.sources.layout import Layout, Piece, Times


@cache
def packer_type() -> Any:  # of a package that need not be there
    """The compiled piece's Packer; None where it is not installed."""
    try:
        from focus_assets_native import Packer
    except ImportError:
        return None
    return Packer


class PackedReader:
    """Packs the blocks of one feed.

    `limit` (microseconds since 1970) is after what a row has changed in the future; `extra` names are passed over, and
    `read` gives the rows of a block one by one to those who want them so.
    """

    def __init__(
        self, layout: Layout, limit: int | None, extra: Iterable[str], read: Callable[[bytes], Sequence[Row]]
    ) -> None:
        self._rows_of = read
        self._packer = packer_type()("\n".join(_spec(layout, limit, filter(is_sayable, extra))))

    def read(self, data: bytes) -> Piece | None:
        """The rows of complete lines; None where they need a closer look."""
        found = self._packer.pack(data)
        if found is None:
            return None
        newest = None if found.newest is None else found.newest.decode()
        times = [] if newest is None else [Times(canonical=[canonical(newest)], wire=[newest])]
        return Piece(PackedRows(found.data, found.rows, lambda: self._rows_of(data)), times, future=found.future)


def _spec(layout: Layout, limit: int | None, extra: Iterable[str]) -> Iterator[str]:
    for column in layout.columns:
        bounds = ("-" if bound is None else str(bound) for bound in (column.type.precision, column.type.scale))
        needed = "required" if column.name in layout.required else "optional"
        yield "\t".join(("column", column.type.kind.value, *bounds, needed, column.name))
    yield from (f"other\t{name}" for name in sorted({*layout.passed_over, *extra}))
    yield from (f"changed\t{place}" for place in layout.changed)
    if limit is not None:
        yield f"limit\t{limit}"
