"""The commands that load the mirror, look at it and look back."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from focus_assets.cli.commands.options import Countries, Json, Resources, wanted_of

app = typer.Typer()


@app.command()
def sync(
    context: typer.Context,
    resources: Resources = None,
    *,
    countries: Countries = None,
    full: Annotated[bool, typer.Option("--full", help="Fetch everything and compare it by value.")] = False,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Let a table shrink, even to nothing, where the server says so.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Bring the mirror up to date, and judge it.

    Exit code 0: everything is counted, proven or unverified; 1: something failed, diverged or is moving.
    """
    from focus_assets.cli.sync import sync as run
    from focus_assets.model.wish import Wish

    return run(
        context.obj, wanted_of(resources, countries), Wish(full=full, accept_shrink=accept_shrink), as_json=as_json
    )


@app.command()
def plan(
    context: typer.Context,
    resources: Resources = None,
    *,
    countries: Countries = None,
    full: Annotated[bool, typer.Option("--full", help="As if `sync --full` were called.")] = False,
    as_json: Json = False,
) -> int:
    """Say what `sync` would do: full or delta, why, how many rows."""
    from focus_assets.cli.plan import plan as run
    from focus_assets.model.wish import Wish

    return run(context.obj, wanted_of(resources, countries), Wish(full=full), as_json=as_json)


@app.command()
def verify(
    context: typer.Context, resources: Resources = None, *, countries: Countries = None, as_json: Json = False
) -> int:
    """Compare the mirror's counts with the server's totals, changing nothing.

    Exit code 1 where they differ.
    """
    from focus_assets.cli.verify import verify as run

    return run(context.obj, wanted_of(resources, countries), as_json=as_json)


class What(enum.StrEnum):
    """What the history can tell."""

    RUNS = "runs"
    ERRORS = "errors"


@app.command()
def history(
    context: typer.Context,
    what: Annotated[
        What, typer.Argument(metavar="[runs|errors]", help="All runs, or what failed and why.")
    ] = What.RUNS,
    *,
    limit: Annotated[int, typer.Option(min=1, help="So many of the latest.")] = 20,
    stacks: Annotated[bool, typer.Option("--stacks", help="With `errors`: where in the code, too.")] = False,
    as_json: Json = False,
) -> int:
    """Show what ran, what it did, and what failed."""
    from focus_assets.cli.history import show_errors, show_runs

    if what is What.ERRORS:
        return show_errors(context.obj, limit, stacks=stacks, as_json=as_json)
    return show_runs(context.obj, limit, as_json=as_json)


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> int:
    """Look at configuration, API and database, and say what to do where something is wrong."""
    from focus_assets.cli.doctor import doctor as run

    return run(context.obj, as_json=as_json)
