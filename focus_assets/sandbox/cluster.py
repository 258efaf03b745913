"""Answer as one node of an unstable cluster would: it applies a write now, later or never, and seldom says which."""

from __future__ import annotations

import enum
import itertools
import json
import random
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from focus_assets.sandbox.exchange import Ending, Request, Response, json_response, whole_response
from focus_assets.sandbox.timeline import SECOND, Clock, system_clock

_LENGTHS = {"name": (3, 50), "description": (3, 100), "transaction_id": (20, 100)}
_PATH = re.compile(r"/api/v1/cluster(?:/(?P<by_transaction>transaction/)?(?P<which>[^/]+))?/?")
_WRITES = ("POST", "DELETE")


class Whim(enum.StrEnum):
    """What can become of a request."""

    FAILS_BEFORE = "fails_before"
    """500, and nothing was applied."""
    FAILS_AFTER = "fails_after"
    """500, although it was applied."""
    LATE = "late"
    """500 at once, and it is applied some time later."""
    HANGS_BEFORE = "hangs_before"
    """No answer for a long time, and nothing was applied."""
    HANGS_AFTER = "hangs_after"
    """No answer for a long time, although it was applied."""
    HANGS_LATE = "hangs_late"
    """No answer for a long time, and it is applied some time later."""
    DROPS_AFTER = "drops_after"
    """The connection is closed without an answer, although it was applied."""


_HANGS = frozenset({Whim.HANGS_BEFORE, Whim.HANGS_AFTER, Whim.HANGS_LATE})
_LATE = frozenset({Whim.LATE, Whim.HANGS_LATE})
_NEVER = frozenset({Whim.FAILS_BEFORE, Whim.HANGS_BEFORE})

Decide = Callable[[Request], Whim | None]


class Moody:
    """By chance from a seed: the share of the requests that go wrong, and how."""

    def __init__(self, rate: float, *, seed: int = 0, whims: Iterable[Whim] = Whim) -> None:
        self._rate, self._random, self._whims = rate, random.Random(seed), tuple(whims)
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Whim | None:
        """What becomes of the next request; of a reading one, only that it fails."""
        with self._lock:
            if self._random.random() >= self._rate:
                return None
            whim = self._random.choice(self._whims)
        return whim if request.method in _WRITES else Whim.FAILS_BEFORE


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """Seconds: the longest that a write is applied late, and for how long an answer hangs.

    With `unique_names` a group whose name is taken is refused.
    """

    latest: float = 20.0
    hangs: float = 30.0
    unique_names: bool = True
    first_id: int = 1


@dataclass
class _Late:
    at: int
    request: Request = field(repr=False)


class ClusterNode:
    """One node with its own groups; every method may be called from any thread."""

    def __init__(
        self,
        decide: Decide | None = None,
        *,
        options: NodeOptions | None = None,
        clock: Clock = system_clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.options, self.decide = options or NodeOptions(), decide or Moody(0.0)
        self._clock, self._chance = clock, chance
        self._groups: dict[str, dict[str, object]] = {}
        self._late: list[_Late] = []
        self._ids = itertools.count(self.options.first_id)
        self._lock = threading.Lock()

    @property
    def groups(self) -> list[dict[str, object]]:
        """What it holds now, late writes that were due included."""
        with self._lock:
            self._apply_late()
            return list(self._groups.values())

    @property
    def on_their_way(self) -> int:
        """How many writes are still to be applied."""
        with self._lock:
            self._apply_late()
            return len(self._late)

    def answer(self, request: Request) -> Response:
        """Apply it or not, and say so or not."""
        whim = self.decide(request)
        with self._lock:
            self._apply_late()
            if whim is None:
                return self._apply(request)
            if whim in _LATE:
                wait = round(self._chance() * self.options.latest * SECOND)
                self._late.append(_Late(self._clock() + wait, request))
            elif whim not in _NEVER:
                self._apply(request)
        return self._refusal(whim)

    def delete(self, transaction_id: str) -> bool:
        """Delete the group of a transaction if it is there; whether it was."""
        with self._lock:
            self._apply_late()
            return self._delete(self._of_transaction(transaction_id)) is not None

    def _refusal(self, whim: Whim) -> Response:
        if whim is Whim.DROPS_AFTER:
            return Response(500, {}, iter(()), Ending.SILENT)
        if whim in _HANGS:
            return Response(500, {}, iter(()), Ending.SILENT, delay=self.options.hangs)
        return json_response(500, {"error": "something went wrong"})

    def _apply_late(self) -> None:
        now = self._clock()
        due = sorted((late for late in self._late if late.at <= now), key=lambda late: late.at)
        self._late = [late for late in self._late if late.at > now]
        for late in due:
            self._apply(late.request)

    def _apply(self, request: Request) -> Response:
        found = _PATH.fullmatch(request.path)
        if found is None:
            return json_response(404, {"error": "there is nothing here"})
        which = unquote(found["which"] or "")
        if request.method == "POST" and not which:
            return self._create(request.body)
        if request.method == "GET" and not found["by_transaction"]:
            return self._get(which)
        if request.method == "DELETE" and which:
            identity = self._of_transaction(which) if found["by_transaction"] else which
            return _deleted(self._delete(identity))
        return json_response(405, {"error": "this cannot be done here"})

    def _create(self, body: bytes) -> Response:
        group = _parsed(body)
        if group is None:
            return json_response(422, {"error": f"expected texts of these lengths: {_LENGTHS}"})
        if earlier := self._groups.get(self._of_transaction(group["transaction_id"])):
            return json_response(201, earlier)
        if self.options.unique_names and any(one["name"] == group["name"] for one in self._groups.values()):
            return json_response(400, {"error": "a group of this name exists"})
        identity = next(self._ids)
        self._groups[str(identity)] = {"id": identity, **group}
        return json_response(201, self._groups[str(identity)])

    def _get(self, which: str) -> Response:
        found = self._groups.get(which) if which else list(self._groups.values())
        return json_response(200, found) if found else json_response(404, {"error": "there is no group"})

    def _of_transaction(self, transaction_id: str) -> str:
        return next((i for i, one in self._groups.items() if one["transaction_id"] == transaction_id), "")

    def _delete(self, identity: str) -> dict[str, object] | None:
        return self._groups.pop(identity, None)


def _deleted(group: dict[str, object] | None) -> Response:
    return whole_response(204, b"", {}) if group else json_response(404, {"error": "there is no group"})


def _parsed(body: bytes) -> dict[str, str] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    group = {name: text for name, text in value.items() if name in _LENGTHS and isinstance(text, str)}
    fits = len(group) == len(_LENGTHS) and all(
        low <= len(group[name]) <= most for name, (low, most) in _LENGTHS.items()
    )
    return group if fits else None
