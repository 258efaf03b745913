"""Hold the items of one collection, each with an owner, a version and the time of its last change."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Item = dict[str, Any]
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_GENRES = ("drama", "news", "sport", "music", "nature")


@dataclass(frozen=True, slots=True)
class Kept:
    """A collection: its names in JSON and in URLs, and how many made-up items each owner has."""

    plural: str
    hyphenated: str
    size: int


class Conflict(Exception):
    """An item has another version than the one that was named."""


class Shelf:
    """Deterministic by seed; what is written comes on top. `now` is the time of a change."""

    def __init__(self, kept: Kept, owners: tuple[str, ...], *, seed: int, now: Callable[[], datetime]) -> None:
        self.kept, self._now = kept, now
        self._lock = threading.Lock()
        self._items = {item["ref"]: item for owner in owners for item in _made(kept, owner, seed)}

    def items(self, owner: str, since: str = "") -> list[Item]:
        """Those of an owner (of everybody where none is named) that were changed at `since` or later, oldest first."""
        with self._lock:
            found = [item for item in self._items.values() if not owner or item["owner"] == owner]
        # all moments are written alike, so their texts are in the order of time
        changed = [item for item in found if item["updatedAt"] >= since]
        return sorted(changed, key=lambda item: (item["updatedAt"], item["ref"]))

    def one(self, ref: str) -> Item | None:
        """An item, None where it is not there."""
        return self._items.get(ref)

    def put(self, ref: str, owner: str, said: Mapping[str, Any], *, version: str = "") -> Item:
        """Write an item, only over `version` where that is given; raises Conflict."""
        with self._lock:
            before = self._items.get(ref)
            if version and (before is None or before["version"] != version):
                raise Conflict
            number = int(before["version"]) + 1 if before else 1
            about = {"ref": ref, "owner": before["owner"] if before else owner, "version": str(number)}
            created = before["createdAt"] if before else _written(self._now())
            item = {**said, **about, "createdAt": created, "updatedAt": _written(self._now())}
            self._items[ref] = item
            return item

    def remove(self, ref: str) -> bool:
        """Whether it was there."""
        with self._lock:
            return self._items.pop(ref, None) is not None


def _made(kept: Kept, owner: str, seed: int) -> Iterator[Item]:
    dice = random.Random(f"{seed}/{kept.plural}/{owner}")
    for number in range(kept.size):
        created = _BEGIN + timedelta(minutes=37 * number)
        yield {
            "ref": f"{owner}:{kept.hyphenated}-{number:05d}",
            "owner": owner,
            "name": f"{kept.plural} {number}",
            "title": {"en": f"Number {number}", "nb": f"Nummer {number} på lista"},
            "tags": dice.sample(_GENRES, 2),
            "price": dice.randrange(0, 5000) / 100,
            "duration": f"PT{dice.randrange(1, 180)}M",
            "active": dice.random() < 0.8,
            "version": "1",
            "createdAt": _written(created),
            "updatedAt": _written(created + timedelta(seconds=dice.randrange(86_400))),
        }


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
