"""Lay out a table for the width that there is: nothing wraps, and nothing is cut while it can be said shorter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from focus_assets.model.partition import PartitionRef

Cell = str | Text
ENDLESS = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, a shorter one for a narrow terminal, whether it holds numbers, and whether it may wrap."""

    heading: str
    short: str = ""
    number: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One partition's line: the cells after its name."""

    ref: PartitionRef
    cells: Sequence[Cell]


def print_partitions(console: Console, columns: Sequence[Column], lines: Sequence[Line]) -> None:
    """A table of partitions, as wide as it must be and as short as it can be."""
    candidates = list(_candidates(columns, lines))
    unbounded = console.options.update(max_width=ENDLESS)
    fitting = (table for table in candidates if console.measure(table, options=unbounded).maximum <= console.width)
    console.print(next(fitting, candidates[-1]))


def _candidates(columns: Sequence[Column], lines: Sequence[Line]) -> Iterator[Table]:
    """From the widest to the narrowest."""
    short = short_names([line.ref for line in lines])
    for names, brief in (({}, False), ({}, True), (short, False), (short, True)):
        yield _table(columns, [(names.get(line.ref, str(line.ref)), *line.cells) for line in lines], brief=brief)


def short_names(refs: Iterable[PartitionRef]) -> dict[PartitionRef, str]:
    """Names without their sources where no two sources have a resource of the same name."""
    every = list(refs)
    owners = {(ref.resource, ref.source) for ref in every}
    unique = len({resource for resource, _ in owners}) == len(owners)
    return {ref: f"{ref.resource}/{ref.partition}".rstrip("/") for ref in every} if unique else {}


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, brief: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("partition", no_wrap=True)
    for column in columns:
        heading = (column.short if brief else "") or column.heading
        table.add_column(heading, justify="right" if column.number else "left", no_wrap=not column.wraps)
    for row in rows:
        table.add_row(*row)
    return table


def number(value: int | None) -> str:
    """A count with its thousands, a dash where there is none."""
    return "–" if value is None else f"{value:,}"


def together(lines: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """`who: what` with what several have in common said once.

    >>> together([("a", "down"), ("b", "full"), ("c", "down")])
    [('a and 1 more', 'down'), ('b', 'full')]
    """
    by_sentence: dict[str, list[str]] = {}
    for who, what in lines:
        by_sentence.setdefault(what, []).append(who)
    return [
        (who[0] if len(who) == 1 else f"{who[0]} and {len(who) - 1} more", what) for what, who in by_sentence.items()
    ]


def sentences(console: Console, lines: Iterable[tuple[str, str]], *, style: str = "") -> None:
    """`who: what`, one under the other."""
    for who, what in lines:
        print_hanging(console, Text.assemble((f"{who}: ", "bold"), (what, style)), indent=2)


def print_hanging(console: Console, text: Text, *, indent: int) -> None:
    """A paragraph, for a terminal wrapped at words and set in from its second line on; elsewhere one line."""
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    first, *rest = text.wrap(console, max(20, console.width - indent))
    console.print(first)
    for line in rest:
        console.print(Padding(line, (0, 0, 0, indent)))
