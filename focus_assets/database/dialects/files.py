"""What a database that is one file asks of it."""

from __future__ import annotations

from pathlib import Path

from focus_assets.model.errors import DatabaseRefused


def make_folder(folder: Path) -> None:
    """The folder that a file will lie in; raises DatabaseRefused."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseRefused(f"could not make the folder {folder}: {error.strerror}") from error


def refuse_second_name(file: Path) -> None:
    """What was committed last lies beside a file, under its name: who opens it by another one would not see it.

    A symbolic link does no harm, as it is followed first. https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file
    """
    if file.exists() and file.stat().st_nlink > 1:
        raise DatabaseRefused(
            f"{file} has a second name (a hard link), by which others would not see what is written to it: "
            "remove the other one, or make it a copy"
        )
