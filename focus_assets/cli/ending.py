"""How a call ends: the exit code, and one sentence for what went wrong."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping
from typing import TextIO

from typer import Abort
from typer.exceptions import TyperException

from focus_assets.model.errors import ConfigurationError, FocusError

OK, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def ended(command: Callable[[], object], environ: Mapping[str, str]) -> int:
    """The exit code of a command; what it raises becomes a sentence on stderr, with FOCUS_DEBUG=1 a trace as well."""
    try:
        return _code(command())
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more as it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last line before a trace
        return _told(error, debug=environ.get("FOCUS_DEBUG") == "1")


def _code(result: object) -> int:
    return result if isinstance(result, int) else OK


def _told(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    sys.stderr.write(f"{wrapped(f'focus: {sentence(error)}', sys.stderr)}\n")
    return exit_code(error)


def wrapped(text: str, stream: TextIO) -> str:
    """At words, for a terminal; a line of its own begins where it did."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    paper = textwrap.TextWrapper(width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(paper.fill(line) for line in text.splitlines())


def exit_code(error: Exception) -> int:
    """2 where the call or the configuration is wrong, 1 for everything else."""
    if isinstance(error, TyperException):
        return error.exit_code
    return WRONG if isinstance(error, ConfigurationError) else FAILED


def sentence(error: Exception) -> str:
    """What went wrong, with its name where it has one."""
    if isinstance(error, TyperException):
        return _of_usage(error)
    if isinstance(error, FocusError):
        return "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    return f"an unexpected {type(error).__name__}: {error} (FOCUS_DEBUG=1 shows where)"


def _of_usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    where = f" ({context.command_path} --help says what there is)" if context else ""
    return f"{error.format_message().rstrip('.')}{where}"
