"""The commands that show something, or serve until Ctrl-C."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from focus_assets.cli.call import SANDBOX
from focus_assets.cli.commands.options import Json

app = typer.Typer()


class Envelope(enum.StrEnum):
    """Where servers put what a state says."""

    FLAT = "flat"
    PAYLOAD = "payload"
    BOTH = "both"


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
    broker: Annotated[
        str | None,
        typer.Option(
            envvar="FOCUS_BROKER_URL",
            metavar="URL",
            help="With --cluster: a RabbitMQ from which its nodes take undos; else FOCUS_BROKER_URL, else none.",
            show_envvar=False,
        ),
    ] = None,
    queue: Annotated[str, typer.Option(metavar="NAME", help="With --broker: the queue.")] = "focus.undos",
    as_json: Annotated[bool, typer.Option("--json", help="Say URL and credentials as one JSON object.")] = False,
) -> int:
    """Serve a Data Exchange API with real reference data and made-up retail data, until Ctrl-C."""
    from focus_assets.cli.sandbox import broker_of, drift_of, nodes_of, run, run_cluster, run_discovery
    from focus_assets.sandbox import ANCHOR, AT_PLACES, PLAIN, Extensions, FaultPlan, SandboxOptions, Sizes
    from focus_assets.sandbox.discovery import DiscoveryOptions

    if cluster:
        moody = nodes_of(nodes, fault_rate, seed)
        return run_cluster(context.obj, moody, (host, port), broker_of(broker, queue), as_json=as_json)
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
