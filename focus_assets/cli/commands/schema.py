"""The commands about the snapshots of schemas."""

from __future__ import annotations

import typer

from focus_assets.cli.commands.options import Json

app = typer.Typer(help="Compare the servers' schemas with their snapshots, or refresh these.")


@app.command()
def refresh(context: typer.Context) -> int:
    """Ask the servers, and write the snapshots from which Dagster knows its assets."""
    from focus_assets.cli.schema import refresh as run

    return run(context.obj)


@app.command()
def diff(context: typer.Context, as_json: Json = False) -> int:
    """Show how the servers' schemas differ from the snapshots; exit code 1 where they do."""
    from focus_assets.cli.schema import diff as run

    return run(context.obj, as_json=as_json)
