"""Do something in a child process that may be killed, and learn how it ended."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_FAILED = 70
_ENDING_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Ended:
    """`signal` is 0 for a child that came to its own end; `value` is then what its work returned."""

    signal: int
    value: Any = None


class ChildFailed(Exception):
    """The child's work raised what it should not; its own trace stands on stderr."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child, and where its value will come from."""

    pid: int
    pipe: int

    def said(self) -> bytes:
        """All that it says; over when it has closed its end, or is dead."""
        with os.fdopen(self.pipe, "rb") as pipe:
            return pipe.read()

    @staticmethod
    def ended(said: bytes, status: int) -> Ended:
        """What a child that has been waited for left behind. Raises ChildFailed."""
        if os.WIFSIGNALED(status):
            return Ended(os.WTERMSIG(status))
        if os.WEXITSTATUS(status):
            raise ChildFailed(f"a child ended with {os.WEXITSTATUS(status)}")
        return Ended(0, pickle.loads(said))


def alone() -> None:
    """Before the first fork, which must find no thread; a child's collector need not copy what it shares with us."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(_ENDING_SECONDS)
    assert threading.active_count() == 1
    gc.freeze()


def start(work: Callable[[], object]) -> Child:
    """A child that does the work on a copy of everything here; no thread may be running."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    _work_and_leave(work, writing)
    raise AssertionError("a child has left already")


def forked(work: Callable[[], object]) -> Ended:
    """Do the work in a child and wait for its end. Raises ChildFailed."""
    child = start(work)
    said = child.said()
    _, status = os.waitpid(child.pid, 0)
    return child.ended(said, status)


def _work_and_leave(work: Callable[[], object], pipe: int) -> None:
    code = _FAILED
    try:
        said = pickle.dumps(work())
        with os.fdopen(pipe, "wb") as out:
            out.write(said)
        code = 0
    except BaseException:  # noqa: BLE001 (whatever it is, the child must not go on as if it were its parent)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
