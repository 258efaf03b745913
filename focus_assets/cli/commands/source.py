"""The commands that try a REST source, or begin one."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Try a REST source page by page, or begin one.")


@app.command("try")
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
    """Ask a REST or discovered source for one page, and show what a load would make of it; nothing is stored.

    The request, the answer's shape, the records after each transform, the columns that they would become. Exit code 1
    where the page cannot be had, or could not be stored as it is.
    """
    from focus_assets.cli.source import trial

    return trial(context.obj, name, resource, partition)


@app.command()
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
