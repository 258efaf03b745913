"""The commands about writes that are not settled."""

from __future__ import annotations

from typing import Annotated

import typer

from focus_assets.cli.commands.options import Json

LISTED = 50

app = typer.Typer(help="Send rows to an API; see what writes owe it, or the cluster of `writeback`, and work it off.")


@app.callback(invoke_without_command=True)
def writes_open(context: typer.Context) -> int:
    """List the writes that are not settled or dead, with their ages."""
    from focus_assets.cli.writes import show

    return 0 if context.invoked_subcommand else show(context.obj, (), LISTED, as_json=False)


@app.command("list")
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


@app.command("drain")
def writes_drain(context: typer.Context, as_json: Json = False) -> int:
    """Undo failed creates, repeat unanswered deletions, settle rows that are due: one pass, for a cron.

    Exit code 1 where something broke, or a write is DEAD after it.
    """
    from focus_assets.cli.writes import work_off

    return work_off(context.obj, as_json=as_json)


@app.command("send")
def writes_send(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="An entry of `writes`; none named: all.", show_default=False),
    ] = None,
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be sent; send nothing.")] = False,
    accept_deletions: Annotated[
        bool, typer.Option("--accept-deletions", help="Let far more be deleted at the API than is usual.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Send what is new, changed or gone since the last time, and settle what is due.

    Exit code 0: the API has all the rows. 1: something failed, is unknown, waits or is dead.
    """
    from focus_assets.cli.sending import foresee, send

    if plan:
        return foresee(context.obj, names or (), accept_deletions=accept_deletions, as_json=as_json)
    return send(context.obj, names or (), accept_deletions=accept_deletions, as_json=as_json)


@app.command("replay")
def writes_replay(
    context: typer.Context,
    operations: Annotated[list[str] | None, typer.Argument(metavar="OPERATION", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every write that is DEAD.")] = False,
) -> int:
    """Let the next pass try again what is DEAD."""
    from focus_assets.cli.writes import try_again

    return try_again(context.obj, operations or (), everything=everything)
