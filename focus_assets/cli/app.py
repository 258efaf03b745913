"""Declare the commands and their options; what they do is imported when they are called."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from focus_assets.cli.call import SANDBOX, Call
from focus_assets.cli.ending import ended

if TYPE_CHECKING:
    from focus_assets.cli.selection import Wanted

app = typer.Typer(
    help="Keep a database a provably faithful mirror of what a REST API serves.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

schema = typer.Typer(help="Compare the servers' schemas with their snapshots, or refresh these.")
app.add_typer(schema, name="schema")
source = typer.Typer(help="Try a REST source page by page, or begin one.")
app.add_typer(source, name="source")
writes = typer.Typer(help="See what writes owe the cluster of `writeback`, and work it off.")
app.add_typer(writes, name="writes")

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


LISTED = 50


class Envelope(enum.StrEnum):
    """Where servers put what a state says."""

    FLAT = "flat"
    PAYLOAD = "payload"
    BOTH = "both"


Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else there.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    return ended(lambda: app(args=given, prog_name="focus", standalone_mode=False), os.environ)


@app.callback(invoke_without_command=True)
def focus(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The configuration; else FOCUS_CONFIG, else ./focus.yaml, else the sandbox."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    """Keep a database a provably faithful mirror of what a REST API serves."""
    context.obj = Call(config)
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"focus-assets {version_of('focus-assets')}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


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
    from focus_assets.run import Wish

    return run(
        context.obj, _wanted(resources, countries), Wish(full=full, accept_shrink=accept_shrink), as_json=as_json
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
    from focus_assets.run import Wish

    return run(context.obj, _wanted(resources, countries), Wish(full=full), as_json=as_json)


@app.command()
def verify(
    context: typer.Context, resources: Resources = None, *, countries: Countries = None, as_json: Json = False
) -> int:
    """Compare the mirror's counts with the server's totals, changing nothing.

    Exit code 1 where they differ.
    """
    from focus_assets.cli.verify import verify as run

    return run(context.obj, _wanted(resources, countries), as_json=as_json)


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


@schema.command()
def refresh(context: typer.Context) -> int:
    """Ask the servers, and write the snapshots from which Dagster knows its assets."""
    from focus_assets.cli.schema import refresh as run

    return run(context.obj)


@schema.command()
def diff(context: typer.Context, as_json: Json = False) -> int:
    """Show how the servers' schemas differ from the snapshots; exit code 1 where they do."""
    from focus_assets.cli.schema import diff as run

    return run(context.obj, as_json=as_json)


@source.command("try")
def try_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="The source's name in focus.yaml.")],
    resource: Annotated[
        str | None, typer.Argument(metavar="RESOURCE", help="One of its resources; else each.", show_default=False)
    ] = None,
    *,
    partition: Annotated[
        str | None,
        typer.Option("--partition", "-p", metavar="PARTITION", help="Else the first one.", show_default=False),
    ] = None,
) -> int:
    """Ask a REST source for one page, and show what a load would make of it; nothing is stored.

    The request, the answer's shape, the records after each transform, the columns that they would become. Exit code 1
    where the page cannot be had, or could not be stored as it is.
    """
    from focus_assets.cli.source import trial

    return trial(context.obj, name, resource, partition)


@source.command()
def init(  # noqa: PLR0913 - each option is one
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="An endpoint that answers with records, its query included.")
    ],
    *,
    name: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="The source's name; else one from the host.", show_default=False),
    ] = None,
    resource: Annotated[
        str | None,
        typer.Option(metavar="RESOURCE", help="The resource's name; else the path's end.", show_default=False),
    ] = None,
    bearer: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE", help="The environment variable that holds a bearer token.", show_default=False
        ),
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Put the entry into a focus.yaml that is there.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a focus.yaml that is there.")] = False,
) -> int:
    """Write a first focus.yaml from what an endpoint answers: where its records are, their key, pages, total, types.

    They are guesses, each to be looked at. A file that is there is left as it is, unless one of the options says
    otherwise.
    """
    from focus_assets.cli.source import init as run
    from focus_assets.cli.source.init import Wanted as Asked

    return run(context.obj, Asked(url, name, resource, bearer, add=add, overwrite=overwrite))


class Kind(enum.StrEnum):
    """What the demo can mirror into."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


@app.command()
def demo(
    context: typer.Context,
    db: Annotated[Kind, typer.Option(help="postgres: that of FOCUS_DATABASE_URL, else an embedded one.")] = Kind.SQLITE,
) -> int:
    """See it work from start to end; its files are in .focus/demo."""
    from focus_assets.cli.demo import demo as run

    return run(context.obj, db.value)


@app.command()
def discover(context: typer.Context, *, as_json: Json = False) -> int:
    """Show which services and resources the registries name, and which of them are mirrored."""
    from focus_assets.cli.discover import discover as run

    return run(context.obj, as_json=as_json)


@app.command()
def dev(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Of the UI; else 3000, or a free one.", show_default=False)
    ] = None,
    drift: Annotated[
        str | None, typer.Option(metavar="SECONDS:ROWS", help="Let the sandbox's world change by itself.")
    ] = None,
) -> int:
    """Open Dagster's UI, sensors and schedules running; the sandbox beside it where the configuration names it."""
    from focus_assets.cli.dev import dev as run
    from focus_assets.cli.sandbox import drift_of

    return run(context.obj, port, drift_of(drift))


@app.command()
def sandbox(  # noqa: PLR0913 - each option is one
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    username: Annotated[str, typer.Option(metavar="NAME", help="Who may log in.")] = SANDBOX,
    password: Annotated[str, typer.Option(metavar="TEXT", help="And by what.")] = SANDBOX,
    countries: Annotated[str, typer.Option(metavar="LIST", help="Codes with commas between.")] = "DE,FR,IT,NO",
    promotions: Annotated[int, typer.Option(min=0, help="Rows of retail/promotions in each country.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 0,
    token_life: Annotated[float, typer.Option(min=0.001, metavar="SECONDS", help="A token is refused after.")] = 1800.0,
    retention: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Deletions are forgotten after; a delta gets 410.")
    ] = None,
    drift: Annotated[
        str | None, typer.Option(metavar="SECONDS:ROWS", help="The world changes by itself: 5:3 is 3 rows each 5 s.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No as_of, no counts, no digest: the protocol alone.")] = False,
    envelope: Annotated[Envelope, typer.Option(help="Where the state has its total_items.")] = Envelope.BOTH,
    inclusive: Annotated[bool, typer.Option("--inclusive", help="A delta has rows of its very timestamp too.")] = False,
    gzip: Annotated[bool, typer.Option(help="Whether answers are compressed.")] = True,
    fault_rate: Annotated[float, typer.Option(min=0, max=1, help="The share of requests that go wrong.")] = 0.0,
    discovery: Annotated[
        bool, typer.Option("--discovery", help="Instead: a registry, an identity service and two services.")
    ] = False,
    items: Annotated[int, typer.Option(min=0, help="With --discovery: offers of each owner.")] = 2000,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Instead: the nodes of a cluster that takes writes, on ports in a row.")
    ] = False,
    nodes: Annotated[int, typer.Option(min=1, max=9, help="With --cluster: how many.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Say URL and credentials as one JSON object.")] = False,
) -> int:
    """Serve a Data Exchange API with real reference data and made-up retail data, until Ctrl-C."""
    from focus_assets.cli.sandbox import drift_of, run, run_cluster, run_discovery
    from focus_assets.sandbox import ANCHOR, AT_PLACES, PLAIN, Extensions, FaultPlan, SandboxOptions, Sizes
    from focus_assets.sandbox.discovery import DiscoveryOptions

    if cluster:
        return run_cluster(context.obj, nodes, (host, port), (fault_rate, seed), as_json=as_json)
    if discovery:
        given = DiscoveryOptions(seed, items, client_id=username, client_secret=password, token_life=token_life)
        plan = FaultPlan(rate=fault_rate, seed=seed, kinds=AT_PLACES) if fault_rate else None
        return run_discovery(context.obj, given, (host, port), plan, as_json=as_json)
    options = SandboxOptions(
        seed=seed,
        countries=tuple(code.strip() for code in countries.split(",") if code.strip()),
        sizes=Sizes(promotions=promotions),
        username=username,
        password=password,
        token_life=token_life,
        tombstone_retention=retention,
        # With a retention the rows of the start must not be older than what is remembered.
        anchor=ANCHOR if retention is None else None,
        drift=drift_of(drift),
        extensions=PLAIN if plain else Extensions(),
        state_form=envelope.value,
        inclusive=inclusive,
        gzip=gzip,
    )
    faults = FaultPlan(rate=fault_rate, seed=seed) if fault_rate else None
    return run(context.obj, options, (host, port), faults, as_json=as_json)


@app.command()
def gateway(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8770,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
) -> int:
    """Take writes for the cluster of `writeback`, each of which ends at all nodes or at none; until Ctrl-C."""
    from focus_assets.cli.gateway import run

    return run(context.obj, host, port)


@writes.callback(invoke_without_command=True)
def writes_open(context: typer.Context) -> int:
    """List the writes that are not settled or dead, with their ages."""
    from focus_assets.cli.writes import show

    return 0 if context.invoked_subcommand else show(context.obj, (), LISTED, as_json=False)


@writes.command("list")
def writes_list(
    context: typer.Context,
    *,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="STATE", help="Only these, such as DONE; else what is open or DEAD."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many, the oldest first.")] = LISTED,
    as_json: Json = False,
) -> int:
    """List writes with their ages."""
    from focus_assets.cli.writes import show, state_of

    return show(context.obj, [state_of(name) for name in states or ()], limit, as_json=as_json)


@writes.command("drain")
def writes_drain(context: typer.Context, as_json: Json = False) -> int:
    """Undo failed creates and repeat unanswered deletions that are due: one pass, for a cron.

    Exit code 1 where something broke, or a write is DEAD after it.
    """
    from focus_assets.cli.writes import work_off

    return work_off(context.obj, as_json=as_json)


@writes.command("replay")
def writes_replay(
    context: typer.Context,
    operations: Annotated[list[str] | None, typer.Argument(metavar="OPERATION", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every write that is DEAD.")] = False,
) -> int:
    """Let the next pass try again what is DEAD."""
    from focus_assets.cli.writes import try_again

    return try_again(context.obj, operations or (), everything=everything)


def _wanted(resources: list[str] | None, countries: list[str] | None) -> Wanted:
    from focus_assets.cli.selection import Wanted

    return Wanted(tuple(resources or ()), tuple(countries or ()))
