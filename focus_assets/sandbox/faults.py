"""Decide what goes wrong with a request: by chance from a seed, or exactly as a script says."""

from __future__ import annotations

import enum
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice


class Kind(enum.StrEnum):
    """What can go wrong."""

    TOO_MANY = "429"
    UNAVAILABLE = "503"
    FAILED = "500"
    """500 with a page of HTML."""
    UNAUTHORIZED = "401"
    """As if the token had just expired."""
    DROP = "drop"
    """The connection is closed without an answer."""
    RESET = "reset"
    """The connection is reset within the body."""
    HANGUP = "hangup"
    """The connection is closed within the body: the framing says that something is missing."""
    CUT_LINE = "cut_line"
    """The body ends in the middle of a line; framing and gzip are closed properly."""
    CUT_CLEAN = "cut_clean"
    """The body ends between two lines; framing and gzip are closed properly: only a count finds it."""
    CUT_GZIP = "cut_gzip"
    """The framing is closed properly, but the gzip trailer is missing."""
    EMPTY = "empty"
    """200 with nothing in it."""
    HTML = "html"
    """200 with a page of HTML."""
    ERROR_OBJECT = "error_object"
    """200 with an error as JSON."""
    SLOW = "slow"
    """Seconds before the head and before each chunk."""
    DUPLICATES = "duplicates"
    """Some lines come twice."""
    GARBLED = "garbled"
    """One line is replaced, by `line` where that is given."""


_OF_LINES = frozenset({Kind.CUT_LINE, Kind.CUT_CLEAN, Kind.CUT_GZIP, Kind.DUPLICATES, Kind.GARBLED})
USUAL = (
    *(Kind.TOO_MANY, Kind.UNAVAILABLE, Kind.FAILED, Kind.RESET, Kind.CUT_LINE, Kind.CUT_CLEAN),
    *(Kind.EMPTY, Kind.HTML, Kind.SLOW, Kind.DUPLICATES),
)
"""What chance chooses from unless it is told otherwise."""
STREAMS = frozenset({"full", "created", "updated", "deleted"})
ENDPOINTS = (*sorted(STREAMS), "auth", "schema", "state")
PLACES = ("registry", "token", "descriptor", "items")
"""Where the discovery sandbox may fail."""
AT_PLACES = (*(Kind.TOO_MANY, Kind.UNAVAILABLE, Kind.FAILED, Kind.UNAUTHORIZED, Kind.DROP), Kind.HTML, Kind.EMPTY)
"""What chance chooses from there."""
ANY = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    `at` is the share of the lines before it, 0 to 1; `seconds` the Retry-After or the slowness;
    `as_date` writes Retry-After as a date; `every` so many lines one comes twice; `line` is what a
    garbled line becomes.
    """

    kind: Kind
    at: float = 0.5
    seconds: float = 1.0
    as_date: bool = False
    every: int = 7
    line: str = '{"id":'

    def cut_after(self, lines: int) -> int:
        """How many of so many lines come whole; at least one is missing where there is one."""
        return min(int(lines * self.at), max(lines - 1, 0))


Step = tuple[str, Kind | Fault | str]


class FaultPlan:
    """What goes wrong next. A step of the script waits for its endpoint and happens once; then chance decides.

    An endpoint is one of auth, schema, state, full, created, updated and deleted (for discovery: registry, token,
    descriptor and items), or `*`.
    """

    def __init__(
        self,
        script: Sequence[Step] = (),
        *,
        rate: float = 0.0,
        seed: int = 0,
        kinds: Sequence[Kind] = USUAL,
        seconds: float = 1.0,
    ) -> None:
        self._script = [(_endpoint(endpoint), as_fault(fault)) for endpoint, fault in script]
        self._rate, self._kinds, self._seconds = rate, tuple(kinds), seconds
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    @property
    def remaining(self) -> int:
        """Steps of the script that have not happened."""
        return len(self._script)

    def decide(self, endpoint: str) -> Fault | None:
        """What goes wrong with this request; None: nothing."""
        with self._lock:
            return self._scripted(endpoint) or self._by_chance(endpoint)

    def _scripted(self, endpoint: str) -> Fault | None:
        for position, (wanted, fault) in enumerate(self._script):
            if wanted in (endpoint, ANY):
                del self._script[position]
                return fault
        return None

    def _by_chance(self, endpoint: str) -> Fault | None:
        if self._random.random() >= self._rate:
            return None
        kinds = [kind for kind in self._kinds if endpoint in STREAMS or kind not in _OF_LINES]
        if not kinds:
            return None
        dice = self._random
        return Fault(dice.choice(kinds), dice.random(), self._seconds, dice.random() < 0.5, dice.randrange(2, 50))


def _endpoint(name: str) -> str:
    known = (*ENDPOINTS, *PLACES, ANY)
    if name not in known:
        raise ValueError(f"{name!r} is no endpoint; known: {', '.join(known)}")
    return name


def as_fault(given: Kind | Fault | str) -> Fault:
    """A fault from its kind, with what is usual for the rest."""
    return given if isinstance(given, Fault) else Fault(Kind(given))


def plan_from(value: object) -> FaultPlan:
    """A plan from JSON: `{"script": [["full", "cut_clean"], ["state", {"kind": "429", "seconds": 2}]], "rate": 0.1}`.

    Raises ValueError or TypeError where it is none.
    """
    if not isinstance(value, Mapping):
        raise TypeError("a fault plan is a JSON object")
    given = dict(value)
    script = [(endpoint, _fault_from(fault)) for endpoint, fault in given.pop("script", ())]
    if "kinds" in given:
        given["kinds"] = [Kind(kind) for kind in given["kinds"]]
    return FaultPlan(script, **given)


def _fault_from(value: object) -> Fault:
    if isinstance(value, Mapping):
        known = {field.name for field in fields(Fault)}
        if unknown := sorted(set(value) - known):
            raise ValueError(f"a fault has no {unknown[0]!r}; known: {', '.join(sorted(known))}")
        return Fault(**{**value, "kind": Kind(value["kind"])})
    return as_fault(str(value))


Chunks = Callable[[], Iterator[bytes]]


def cut(chunks: Iterable[bytes], lines: int, *, within: bool) -> Iterator[bytes]:
    """So many whole lines, and half of the next one where the cut is `within` it."""
    for chunk in chunks:
        found = chunk.count(b"\n")
        if found > lines:
            yield _start(chunk, lines, within=within)
            return
        lines -= found
        yield chunk


def _start(chunk: bytes, lines: int, *, within: bool) -> bytes:
    parts = chunk.split(b"\n", lines + 1)
    half = parts[lines][: len(parts[lines]) // 2] if within else b""
    return b"".join(part + b"\n" for part in parts[:lines]) + half


def duplicated(chunks: Iterable[bytes], every: int) -> Iterator[bytes]:
    """Each `every`-th line comes twice in a row."""
    seen = 0
    for chunk in chunks:
        lines = chunk.splitlines(keepends=True)
        yield b"".join(line * (2 if (seen + n) % every == 0 else 1) for n, line in enumerate(lines, 1))
        seen += len(lines)


def garbled(chunks: Iterable[bytes], number: int, line: bytes) -> Iterator[bytes]:
    """One line, counted from 0, is replaced."""
    for chunk in chunks:
        found = chunk.count(b"\n")
        yield _replaced(chunk, number, line) if 0 <= number < found else chunk
        number -= found


def _replaced(chunk: bytes, number: int, line: bytes) -> bytes:
    lines = chunk.splitlines(keepends=True)
    return b"".join((*islice(lines, number), line + b"\n", *islice(lines, number + 1, None)))
