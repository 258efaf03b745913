"""Tables fit where they are shown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from focus_assets.cli.sync import COLUMNS
from focus_assets.cli.tables import Line, number, print_partitions, sentences, short_names
from focus_assets.model.partition import PartitionRef

SMALL = ("delta", "0", "12", "1", "40", "1,040", "1,040", "counted", "0.1")
LARGE = ("delta (healed)", "1,000,000", "0", "0", "0", "1,000,000", "1,000,000", "proven", "12.5")


def ref(resource: str, country: str = "DE", source: str = "reference") -> PartitionRef:
    return PartitionRef(source, source, resource, country)


def shown(width: int, *lines: Line) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_partitions(console, COLUMNS, lines)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("width", "cells"),
    [(80, SMALL), (100, SMALL), (120, SMALL), (100, LARGE), (120, LARGE), (200, LARGE)],
    ids=["80", "100", "120", "100 with millions", "120 with millions", "200 with millions"],
)
def test_nothing_wraps_and_nothing_is_cut(width: int, cells: tuple[str, ...]) -> None:
    found = shown(width, Line(ref("promotions", source="retail"), cells), Line(ref("airports"), SMALL))
    assert len(found) == 4
    assert max(map(len, found)) <= width
    assert "…" not in "".join(found)


def test_a_wide_terminal_gets_whole_words_and_a_narrow_one_short_ones() -> None:
    line = Line(ref("airports"), SMALL)
    assert shown(120, line)[0].split()[:3] == ["partition", "load", "inserted"]
    assert shown(80, line)[0].split()[:3] == ["partition", "load", "ins"]


def test_the_source_is_left_out_only_where_it_says_nothing() -> None:
    assert short_names([ref("airports"), ref("stores", source="retail")])[ref("airports")] == "airports/DE"
    assert short_names([ref("stores"), ref("stores", source="retail")]) == {}


def test_a_sentence_is_one_line_where_nobody_looks() -> None:
    console = Console(file=io.StringIO(), width=40)
    sentences(console, [("who", "word " * 30)])
    assert len(console.file.getvalue().splitlines()) == 1  # type: ignore[attr-defined]


def test_a_sentence_wraps_at_words_and_is_set_in() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, no_color=True, color_system=None)
    sentences(console, [("retail/stores/DE", "something went wrong and it takes some words to say what")])
    found = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert found[0].startswith("retail/stores/DE: something went wrong")
    assert all(line.startswith("  ") for line in found[1:])
    assert max(map(len, found)) <= 40


def test_a_number_has_its_thousands() -> None:
    assert (number(1234567), number(0), number(None)) == ("1,234,567", "0", "–")
