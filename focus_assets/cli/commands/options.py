"""Declare what several commands take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from focus_assets.cli.selection import Wanted

Resources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RESOURCE", help="`promotions` or `retail/promotions`; none named: all.", show_default=False
    ),
]
Countries = Annotated[
    list[str] | None,
    typer.Option(
        *("--country", "-c", "--partition", "-p"),
        metavar="PARTITION",
        help="Only this country or identifier; may be repeated.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else there.")]


def wanted_of(resources: list[str] | None, countries: list[str] | None) -> Wanted:
    from focus_assets.cli.selection import Wanted

    return Wanted(tuple(resources or ()), tuple(countries or ()))
