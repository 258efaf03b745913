"""Keep the world and let it change: by a seed, at the times of a clock that is passed in."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from focus_assets.sandbox.alteration import Alteration, Altered
from focus_assets.sandbox.data import Key, Resource, Rows, Services
from focus_assets.sandbox.timeline import DAY, Clock, Timeline
from focus_assets.sandbox.view import Base, Record, View, Writer


@dataclass(frozen=True, slots=True)
class Change:
    """How much is to happen to one resource in one country; no more happens than there are rows for.

    `recreates` gives a deleted key a new life; where none is deleted, a living row is deleted and made
    again. `into_scope` shows an old row for the first time: it is in `updated`, and nobody has seen it.
    `seed` None goes on with the world's own randomness. `at` None is now; an earlier moment is a change
    that was committed late.
    """

    creates: int = 0
    updates: int = 0
    deletes: int = 0
    recreates: int = 0
    into_scope: int = 0
    seed: int | None = None
    at: int | None = None

    def __post_init__(self) -> None:
        if min(self.creates, self.updates, self.deletes, self.recreates, self.into_scope) < 0:
            raise ValueError("a change cannot happen less than no times")


@dataclass(frozen=True, slots=True)
class Changed:
    """What has happened, as keys; a row that was deleted only to be made again is in `recreated` alone."""

    service: str
    resource: str
    country: str
    at: int
    created: tuple[Key, ...] = ()
    updated: tuple[Key, ...] = ()
    deleted: tuple[Key, ...] = ()
    recreated: tuple[Key, ...] = ()
    into_scope: tuple[Key, ...] = ()


class Table:
    """One resource in one country; every method may be called from any thread."""

    def __init__(self, rows: Rows, timeline: Timeline, write: Writer) -> None:
        self.base = Base(rows, timeline, write)
        self._records: dict[int, Record] = {}
        self._next = self._live = rows.size
        self._newest = timeline.end
        self._view: View | None = None
        self._lock = threading.RLock()

    def view(self) -> View:
        """The table as it is now."""
        with self._lock:
            if self._view is None:
                self._view = View(self.base, self._records.copy(), self._live, self._newest)
            return self._view

    def insert(self, at: int) -> int:
        """A new row; its number."""
        with self._lock:
            return self._put(self._fresh(), Record(at), at)

    def admit(self, at: int) -> int:
        """A row older than all others comes into scope; its number."""
        with self._lock:
            index = self._fresh()
            made = self.base.timeline.begin - DAY - index
            return self._put(index, Record(made, at), at)

    def update(self, index: int, at: int) -> int:
        """Another revision of a living row."""
        with self._lock:
            record = self._record(index)
            return self._put(index, replace(record, updated=at, revision=record.revision + 1), at)

    def delete(self, index: int, at: int) -> int:
        """A living row goes, its tombstone stays."""
        with self._lock:
            self._live -= 1
            return self._put(index, replace(self._record(index), deleted=at, alive=False), at)

    def recreate(self, index: int, at: int) -> int:
        """A deleted key lives again, made now, with other content."""
        with self._lock:
            self._live += 1
            record = self._record(index)
            return self._put(index, Record(at, None, record.deleted, record.revision + 1), at)

    def change(self, change: Change, at: int, rng: random.Random) -> dict[str, list[int]]:
        """Let it happen at once: no view shows a part of it. The numbers of the rows, by what happened."""
        with self._lock:
            dead = self._some(rng, change.recreates, alive=False)
            wanted = change.updates + change.deletes + change.recreates - len(dead)
            living = iter(self._some(rng, wanted, alive=True))
            return self._carry_out(change, at, dead, living)

    def alter(self, alteration: Alteration) -> None:
        """The same rows look different from now on; their times stay, so no delta tells of it."""
        with self._lock:
            self.base = Base(Altered(self.base.rows, alteration), self.base.timeline, self.base.write)
            self._view = None

    def _carry_out(self, change: Change, at: int, dead: list[int], living: Iterator[int]) -> dict[str, list[int]]:
        updated = [self.update(index, at) for index in _take(living, change.updates)]
        deleted = [self.delete(index, at) for index in _take(living, change.deletes)]
        replaced = [self.delete(index, at) for index in living]
        return {
            "updated": updated,
            "deleted": deleted,
            "recreated": [self.recreate(index, at) for index in (*dead, *replaced)],
            "created": [self.insert(at) for _ in range(change.creates)],
            "into_scope": [self.admit(at) for _ in range(change.into_scope)],
        }

    def _some(self, rng: random.Random, wanted: int, *, alive: bool) -> list[int]:
        """So many different rows that live, or do not, drawn at random."""
        drawn = rng.sample(range(self._next), min(self._next, 4 * wanted + 64)) if wanted and alive else []
        found = [index for index in drawn if self._record(index).alive]
        if len(found) < wanted:
            found = [index for index in self._all(alive=alive) if self._record(index).alive is alive]
            rng.shuffle(found)
        return found[:wanted]

    def _all(self, *, alive: bool) -> list[int]:
        # Only a row that has changed can be dead.
        return list(range(self._next)) if alive else sorted(self._records)

    def _record(self, index: int) -> Record:
        return self._records.get(index) or self.base.first(index)

    def _fresh(self) -> int:
        self._next += 1
        self._live += 1
        return self._next - 1

    def _put(self, index: int, record: Record, at: int) -> int:
        self._records[index] = record
        self._newest = max(self._newest, at)
        self._view = None
        return index


def _take(rows: Iterator[int], wanted: int) -> list[int]:
    return [index for _, index in zip(range(wanted), rows, strict=False)]


class World:
    """All services, their resources and their countries; a table is made when it is first looked at."""

    def __init__(
        self, services: Services, countries: tuple[str, ...], *, clock: Clock, end: int, seed: int, write: Writer
    ) -> None:
        self.services, self.countries, self.clock = dict(services), countries, clock
        self._end, self._seed, self._write = min(end, clock()), seed, write
        self._tables: dict[tuple[str, str, str], Table] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def resource(self, service: str, name: str) -> Resource | None:
        """A resource of a service, None where there is none."""
        return next((found for found in self.services.get(service, ()) if found.name == name), None)

    def table(self, service: str, resource: str, country: str) -> Table | None:
        """One partition, None where there is none."""
        found = self.resource(service, resource)
        if found is None or country not in self.countries:
            return None
        with self._lock:
            where = (service, resource, country)
            if where not in self._tables:
                self._tables[where] = self._opened(found, country)
            return self._tables[where]

    def at(self, where: tuple[str, str, str]) -> Table:
        """One partition. KeyError where there is none."""
        table = self.table(*where)
        if table is None:
            raise KeyError(f"there is no {'/'.join(where)}")
        return table

    def find(self, resource: str, country: str, *, service: str | None = None) -> tuple[str, str, str]:
        """The full name of a partition; the service may be left out where one alone has the resource."""
        services = [name for name in self.services if service in (None, name) and self.resource(name, resource)]
        if len(services) != 1 or country not in self.countries:
            raise KeyError(f"{len(services)} services have {resource!r}; countries: {', '.join(self.countries)}")
        return services[0], resource, country

    def _opened(self, resource: Resource, country: str) -> Table:
        rows = resource.rows(country)
        return Table(rows, Timeline.until(self._end, rows.size), self._write)

    def partitions(self) -> list[tuple[str, str, str]]:
        """Every service, resource and country, in their order."""
        names = ((service, resource.name) for service, found in self.services.items() for resource in found)
        return [(service, resource, country) for service, resource in names for country in self.countries]

    def change(self, where: tuple[str, str, str], change: Change) -> Changed:
        """Let a change happen in one partition. KeyError where there is no such partition."""
        table = self.at(where)
        at = self.clock() if change.at is None else change.at
        happened = table.change(change, at, self._random(where, change.seed))
        service, resource, country = where
        keys = {what: tuple(map(table.base.rows.key, indices)) for what, indices in happened.items()}
        return Changed(service=service, resource=resource, country=country, at=at, **keys)

    def alter(self, service: str, resource: str, alteration: Alteration) -> None:
        """Change a resource's columns in all countries. ValueError where that cannot be, KeyError where it is not."""
        with self._lock:
            old = self.resource(service, resource)
            if old is None:
                raise KeyError(f"there is no {service}/{resource}")
            new = alteration.of(old)
            self.services[service] = tuple(new if found is old else found for found in self.services[service])
            for table in [table for where, table in self._tables.items() if where[:2] == (service, resource)]:
                table.alter(alteration)

    def _random(self, where: tuple[str, str, str], seed: int | None) -> random.Random:
        with self._lock:
            self._changes += 1
            own = f"{self._seed}/{self._changes}"
        return random.Random(f"{own if seed is None else seed}/{'/'.join(where)}")
