"""Put the commands together and run the one that is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from focus_assets.cli.call import Call
from focus_assets.cli.commands import mirroring, schema, serving, source, writes
from focus_assets.cli.ending import ended
from focus_assets.process import spare_the_collector

app = typer.Typer(
    help="Keep a database a provably faithful mirror of what a REST API serves.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for unnamed in (mirroring, serving):
    app.add_typer(unnamed.app)
app.add_typer(schema.app, name="schema")
app.add_typer(source.app, name="source")
app.add_typer(writes.app, name="writes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code. Without arguments the process is the command's own."""
    if arguments is None:
        spare_the_collector()
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
