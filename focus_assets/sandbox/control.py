"""Move the world from outside: the sandbox's own endpoints beside the API.

POST /sandbox/change    {"resource", "country", "service", "creates", "updates", "deletes", "recreates", "into_scope",
                        "seed", "at"}; without resource, country or service in all of them -> {"changes": [...]}
POST /sandbox/alter     {"resource", "service", "add": {name: [type, value]}, "drop": [name], "retype": {name: type}}
POST /sandbox/faults    {"script": [["full", "cut_clean"]], "rate", "seed", "kinds", "seconds"}; {} ends all faults
POST /sandbox/revoke    every token is refused from now on
GET /sandbox/world      the partitions with their totals
GET /sandbox/log        the requests seen; DELETE empties it
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from focus_assets.sandbox.alteration import Alteration
from focus_assets.sandbox.exchange import Request, Response, json_response
from focus_assets.sandbox.faults import FaultPlan, plan_from
from focus_assets.sandbox.timeline import write_z
from focus_assets.sandbox.world import Change, Changed, World

_COUNTS = ("creates", "updates", "deletes", "recreates", "into_scope", "seed", "at")
_NAMES = ("service", "resource", "country")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as the log keeps it: without its headers and without its body."""

    at: int
    method: str
    path: str
    query: Mapping[str, str]
    endpoint: str
    status: int
    fault: str | None


class Controlled(Protocol):
    """What of a sandbox can be looked at and changed from outside."""

    world: World
    faults: FaultPlan
    log: deque[Seen]

    def alter(self, resource: str, alteration: Alteration, *, service: str | None = None) -> None: ...

    def revoke_tokens(self) -> None: ...


def control(sandbox: Controlled, request: Request) -> Response:
    """The answer of a control endpoint: 400 says what is wrong with the call."""
    action = _ACTIONS.get((request.method, request.path.rstrip("/")))
    if action is None:
        known = ", ".join(f"{method} {path}" for method, path in _ACTIONS)
        return json_response(404, {"error": f"known: {known}"})
    try:
        return json_response(200, action(sandbox, request))
    except (ValueError, TypeError, KeyError) as error:
        return json_response(400, {"error": str(error)})


def _change(sandbox: Controlled, request: Request) -> object:
    given = _object(request)
    if unknown := sorted(set(given) - {*_COUNTS, *_NAMES}):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join((*_NAMES, *_COUNTS))}")
    change = Change(**{name: _whole(name, given[name]) for name in _COUNTS if given.get(name) is not None})
    wanted = tuple(given.get(name) for name in _NAMES)
    chosen = [where for where in sandbox.world.partitions() if _matches(where, wanted)]
    if not chosen:
        raise ValueError(f"there is no partition {wanted}")
    return {"changes": [_told(sandbox.world.change(where, change)) for where in chosen]}


def _whole(name: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name} is a whole number")


def _matches(where: tuple[str, ...], wanted: tuple[object, ...]) -> bool:
    return all(asked in (None, "*", found) for found, asked in zip(where, wanted, strict=True))


def _told(changed: Changed) -> dict[str, object]:
    return {**asdict(changed), "at": write_z(changed.at)}


def _alter(sandbox: Controlled, request: Request) -> object:
    given = _object(request)
    resource, service = str(given.pop("resource")), given.pop("service", None)
    add = {name: (str(type_name), value) for name, (type_name, value) in _mapping(given.pop("add", {})).items()}
    retype = {name: str(type_name) for name, type_name in _mapping(given.pop("retype", {})).items()}
    drop = frozenset(map(str, _list(given.pop("drop", []))))
    if given:
        raise ValueError(f"unknown: {', '.join(sorted(given))}")
    sandbox.alter(resource, Alteration(add, drop, retype), service=None if service is None else str(service))
    return {}


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise TypeError(f"an object was expected, not {value!r}")


def _list(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise TypeError(f"a list was expected, not {value!r}")


def _faults(sandbox: Controlled, request: Request) -> object:
    sandbox.faults = plan_from(_object(request))
    return {"steps": sandbox.faults.remaining}


def _revoke(sandbox: Controlled, _request: Request) -> object:
    sandbox.revoke_tokens()
    return {}


def _world(sandbox: Controlled, _request: Request) -> object:
    return {"partitions": [_summary(sandbox, where) for where in sandbox.world.partitions()]}


def _summary(sandbox: Controlled, where: tuple[str, str, str]) -> dict[str, object]:
    view = sandbox.world.at(where).view()
    return {**dict(zip(_NAMES, where, strict=True)), "total_items": view.live, "as_of": write_z(view.newest)}


def _log(sandbox: Controlled, _request: Request) -> object:
    return {"requests": [asdict(seen) for seen in tuple(sandbox.log)]}


def _empty_log(sandbox: Controlled, _request: Request) -> object:
    sandbox.log.clear()
    return {}


def _object(request: Request) -> dict[str, object]:
    return _mapping(json.loads(request.body or b"{}"))


_ACTIONS: dict[tuple[str, str], Callable[[Controlled, Request], object]] = {
    ("POST", "/sandbox/change"): _change,
    ("POST", "/sandbox/alter"): _alter,
    ("POST", "/sandbox/faults"): _faults,
    ("POST", "/sandbox/revoke"): _revoke,
    ("GET", "/sandbox/world"): _world,
    ("GET", "/sandbox/log"): _log,
    ("DELETE", "/sandbox/log"): _empty_log,
}
