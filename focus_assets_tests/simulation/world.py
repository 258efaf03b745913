"""Model the server: what it holds, what its clocks say, and every state that it ever showed.

Time is an integer of microseconds. A transaction takes its timestamp from the clock of its node when it begins, and
is seen by others when it commits: perhaps much later, and after transactions with later timestamps.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from random import Random
from typing import Literal, TypeAlias

from focus_assets.model.stamps import text_of

SECOND = 1_000_000
START = 1_750_000_000 * SECOND
FUTURE = 32_503_680_000 * SECOND  # the year 3000

Key: TypeAlias = tuple[str | int, ...]
FeedName: TypeAlias = Literal["created", "updated", "deleted"]
Rows: TypeAlias = Mapping[Key, "Record"]
Note: TypeAlias = Callable[[str], None]
DELTAS: tuple[FeedName, ...] = ("created", "updated", "deleted")


@dataclass(frozen=True, slots=True)
class Options:
    """What kind of server this is; times in µs."""

    countries: tuple[str, ...] = ("DE",)
    keys: int = 24
    composite: bool = False
    nodes: tuple[int, ...] = (0,)
    tick: int = 1
    late_share: float = 0.0
    latest: int = 0
    covered: int = 0  # how late the client's overlap makes up for
    inclusive: bool = True
    disjoint: bool = True
    keeps_tombstones: bool = False
    scope_tombstones: bool = True
    retention: int | None = None
    clamps: bool = False
    state_expires: bool = False
    envelope: Literal["flat", "payload", "both"] = "both"
    as_of: Literal["", "newest", "horizon"] = ""
    counts: bool = False
    digest: bool = False
    total_lines: bool = False
    tells_time: bool = True
    writing: Literal["z", "naive", "offset", "short"] = "z"
    paging: Literal["", "keyset", "offset"] = ""  # a feed is read page by page while it is sent
    updated_is_null: bool = True
    gzip: bool = False
    framing: Literal["length", "chunked", "close"] = "chunked"
    kinds: tuple[str, ...] = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: when its key came to life, when it last changed, and the text that makes each version different."""

    created: int
    updated: int | None
    name: str
    qty: int | None
    price: str | None

    @property
    def stamp(self) -> int:
        """The later of both times."""
        return max(self.created, self.updated or self.created)


@dataclass(frozen=True, slots=True)
class Shown:
    """What everybody saw from `at` on, until the next."""

    at: int
    rows: Mapping[str, Rows]
    tombs: Mapping[str, Mapping[Key, int]]
    columns: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """What will be done at `due`, with the timestamp of its beginning."""

    due: int
    serial: int
    stamp: int
    kind: str
    country: str
    keys: tuple[Key, ...]
    lateness: int


@dataclass(frozen=True, slots=True)
class Write:
    """One change of one key, as it was committed."""

    at: int
    stamp: int
    country: str
    key: Key
    kind: str


@dataclass
class World:
    """The server's data. `note` hears of each anomaly as it takes effect, by its name."""

    options: Options
    chance: Random
    note: Note = lambda name: None
    now: int = START
    columns: int = 0
    pending: list[Transaction] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    serial: int = 0
    restored: bool = False
    beyond_deltas: bool = False  # something happened during a run that no delta of it would show
    column_due: bool = False  # it is to come during the next run
    watched: bool = False  # a run is going on
    watermarks: dict[str, int] = field(default_factory=dict)  # what the mirror has claimed to have read up to

    def __post_init__(self) -> None:
        countries = self.options.countries
        self.shown.append(Shown(self.now, {name: {} for name in countries}, {name: {} for name in countries}, 0))

    # --- what is seen ---

    @property
    def current(self) -> Shown:
        """What everybody sees now."""
        return self.shown[-1]

    def states(self, start: int, end: int) -> list[Shown]:
        """Every state that was visible at some moment from start to end."""
        first = max(0, bisect_right(self.shown, start, key=lambda one: one.at) - 1)
        last = bisect_right(self.shown, end, key=lambda one: one.at)
        return self.shown[first:last]

    def clock(self, node: int) -> int:
        """What a node's clock says."""
        return self.now + self.options.nodes[node]

    def any_node(self) -> int:
        """The node that happens to answer."""
        return self.chance.randrange(len(self.options.nodes))

    def horizon(self) -> int:
        """Nothing can still commit with a timestamp up to here."""
        tick = self.options.tick
        clocks = [(self.clock(node) // tick) * tick for node in range(len(self.options.nodes))]
        return min([*clocks, *(one.stamp for one in self.pending)]) - 1

    def newest(self, country: str) -> int:
        """The latest timestamp of anything that was committed and is still known."""
        seen = self.current
        stamps = [record.stamp for record in seen.rows[country].values()]
        return max([*stamps, *seen.tombs[country].values()], default=START)

    def forgotten(self, since: int) -> bool:
        """Whether tombstones from then on are no longer complete."""
        kept = self.options.retention
        return kept is not None and since < self.now - kept

    def feed(self, name: FeedName, country: str, since: int) -> Iterator[Key]:
        """The keys of a delta's feed, in a stable order."""
        seen = self.current
        if name == "deleted":
            yield from self._tombstones(country, since)
            return
        for key, record in sorted(seen.rows[country].items()):
            made, changed = self._after(record.created, since), self._after(record.updated, since)
            if made if name == "created" else changed and not (made and self.options.disjoint):
                yield key

    def _tombstones(self, country: str, since: int) -> Iterator[Key]:
        seen, kept = self.current, self.options.retention
        for key, stamp in sorted(seen.tombs[country].items()):
            pruned = kept is not None and stamp < self.now - kept
            if self._after(stamp, since) and not pruned:
                yield key

    def _after(self, moment: int | None, since: int) -> bool:
        if moment is None:
            return False
        return moment >= since if self.options.inclusive else moment > since

    # --- how it is written ---

    def wire(self, moment: int) -> str:
        """A timestamp's text, the way this server writes it."""
        return wire(moment, self.options.writing)

    def line(self, key: Key, record: Record) -> str:
        """One row as JSON."""
        updated = "null" if record.updated is None else f'"{self.wire(record.updated)}"'
        qty = "null" if record.qty is None else record.qty
        extra = "".join(f',"extra{place}":"{record.name}x{place}"' for place in range(self.columns))
        return (
            f'{{{key_text(key)},"name":"{record.name}","qty":{qty},"price":{record.price or "null"},'
            f'"created_at":"{self.wire(record.created)}","updated_at":{updated}{extra}}}'
        )

    def tombstone(self, key: Key) -> str:
        """A deleted row's key as JSON."""
        return f"{{{key_text(key)}}}"

    def digest(self, country: str) -> str:
        """Order-free, over keys and versions."""
        total = 0
        for key, record in self.current.rows[country].items():
            text = "\x1f".join(map(str, key)) + "\x1e" + self.wire(record.stamp)
            total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        return f"{total % 2**64:016x}"

    def state(self, country: str, since: int | None) -> object:
        """The body of the state's answer."""
        options = self.options
        total = {"total_items": len(self.current.rows[country])}
        if options.envelope == "flat":
            return total
        said: dict[str, object] = dict(total)
        if options.as_of:
            moment = self.horizon() if options.as_of == "horizon" else self.newest(country)
            said["as_of"] = self.wire(moment)
        if options.counts and since is not None:
            said |= {name: sum(1 for _ in self.feed(name, country, since)) for name in DELTAS}
        if options.digest:
            said["digest"] = self.digest(country)
        return {"payload": said} if options.envelope == "payload" else {**total, "payload": said}

    def schema(self) -> object:
        """The body of the schema's answer."""
        key = [("id", "string"), ("part", "int32")] if self.options.composite else [("id", "string")]
        rest = [("name", "string"), ("qty", "int64"), ("price", "decimal(12,2)")]
        rest += [("created_at", "time"), ("updated_at", "time")]
        rest += [(f"extra{place}", "string") for place in range(self.columns)]
        attributes = [
            {name: {"primary_key": (name, kind) in key, "foreign_key": None, "type": kind}} for name, kind in key + rest
        ]
        return {"resources": {"items": {"attributes": attributes, "allowedQueryModes": []}}}

    # --- what happens ---

    def live(self, micros: int, writes: int = 0) -> None:
        """Let time pass, with so many transactions beginning in it."""
        start, end = self.now, self.now + micros
        for moment in sorted(self.chance.randrange(micros + 1) for _ in range(writes)):
            self._commit_due(start + moment)
            self.now = max(self.now, start + moment)
            self.begin()
        self._commit_due(end)
        self.now = max(self.now, end)

    def rest(self) -> None:
        """Nothing begins any more, and all that has begun commits."""
        if self.pending:
            self.live(max(0, max(one.due for one in self.pending) - self.now) + 1)

    def populate(self) -> None:
        """The rows of the start, long ago."""
        for country in self.options.countries:
            keys = [key for key in self.all_keys() if self.chance.random() < 0.7]
            self._do("create", country, tuple(keys), self.now - self.chance.randrange(10**5) * SECOND)

    def all_keys(self) -> list[Key]:
        """Every key that ever lives."""
        names = [f"k{number:03}" for number in range(self.options.keys)]
        return [(name, number % 3) if self.options.composite else (name,) for number, name in enumerate(names)]

    def begin(self, kind: str = "") -> None:
        """One transaction: its timestamp now, its effect now or later."""
        options, chance = self.options, self.chance
        kind = kind or chance.choice(options.kinds)
        if kind == "restore":
            self.restore()
            return
        country = chance.choice(options.countries)
        keys = self._victims(kind, country)
        if not keys:
            return
        node = self.any_node()
        stamp = (self.clock(node) // options.tick) * options.tick
        lateness = chance.randrange(options.latest + 1) if chance.random() < options.late_share else 0
        self.serial += 1
        transaction = Transaction(self.now + lateness, self.serial, stamp, kind, country, keys, lateness)
        if lateness:
            self.pending.append(transaction)
        else:
            self._commit(transaction)

    def _victims(self, kind: str, country: str) -> tuple[Key, ...]:
        alive = sorted(self.current.rows[country])
        dead = [key for key in self.all_keys() if key not in self.current.rows[country]]
        pool = dead if kind in ("create", "recreate", "arrive", "flood") else alive
        if kind == "recreate":
            pool = [key for key in dead if key in self.current.tombs[country]]
        most = {"bulk": len(pool), "mass_delete": len(pool) * 4 // 5, "flood": len(pool)}.get(kind, 3)
        least = most if kind in ("mass_delete", "flood") else 1
        count = min(len(pool), self.chance.randint(least, max(1, most)))
        return tuple(sorted(self.chance.sample(pool, count)))

    def _commit_due(self, until: int) -> None:
        for one in sorted(self.pending, key=lambda one: (one.due, one.serial)):
            if one.due <= until:
                self.pending.remove(one)
                self.now = max(self.now, one.due)
                self._commit(one)

    def _commit(self, one: Transaction) -> None:
        if one.lateness:
            self.note("late commit")
        self.beyond_deltas |= self.watched and one.lateness > self.options.covered
        if one.stamp < self.watermarks.get(one.country, 0):
            self.note("commit behind the watermark")
        self._do(one.kind, one.country, one.keys, one.stamp)

    def _do(self, kind: str, country: str, keys: tuple[Key, ...], stamp: int) -> None:
        self.now += 1  # no two commits at one moment
        seen = self.current
        rows, tombs = dict(seen.rows[country]), dict(seen.tombs[country])
        for key in keys:
            self._change(kind, country, rows, tombs, key, stamp)
        self._show({**seen.rows, country: rows}, {**seen.tombs, country: tombs})
        if kind in _NOTED:
            self.note(_NOTED[kind])
        if self.watched:
            self.note("write during a run")

    def _change(
        self, kind: str, country: str, rows: dict[Key, Record], tombs: dict[Key, int], key: Key, stamp: int
    ) -> None:
        known = rows.get(key)
        if kind in ("delete", "mass_delete", "leave"):
            if known is None:
                return
            del rows[key]
            if kind != "leave" or self.options.scope_tombstones:
                tombs[key] = stamp
            else:
                self.note("out of scope unsaid")
                self.beyond_deltas |= self.watched
        elif kind in ("create", "recreate", "arrive", "flood"):
            rows[key] = self._born(kind, known, stamp)
            if key in tombs and not self.options.keeps_tombstones:
                del tombs[key]
        else:
            if known is None:
                return
            rows[key] = self._changed(known, FUTURE + stamp % 10**9 if kind == "poison" else stamp)
        self._notice(kind, known, stamp)
        self.writes.append(Write(self.now, stamp, country, key, kind))

    def _notice(self, kind: str, known: Record | None, stamp: int) -> None:
        if known is not None and stamp == known.stamp:
            self.note("two versions at one timestamp")
        if known is not None and stamp < known.stamp:
            self.note("older timestamp later")

    def _born(self, kind: str, known: Record | None, stamp: int) -> Record:
        if known is not None:
            return self._changed(known, stamp)
        created = stamp - 10**6 * SECOND if kind == "arrive" else stamp
        updated = stamp if kind == "arrive" or not self.options.updated_is_null else None
        return self._changed(Record(created, updated, "", None, None), updated)

    def _changed(self, known: Record, updated: int | None) -> Record:
        self.serial += 1
        qty = self.chance.choice((None, 0, self.serial))
        price = self.chance.choice((None, f"{self.serial}.50", f"{self.serial / 100:.2f}"))
        return replace(known, updated=updated, name=f"v{self.serial}", qty=qty, price=price)

    def _show(self, rows: Mapping[str, Rows], tombs: Mapping[str, Mapping[Key, int]]) -> None:
        self.shown.append(Shown(self.now, rows, tombs, self.columns))

    def add_column(self) -> None:
        """Every row has it at once, and no timestamp says so."""
        self.now += 1
        self.columns += 1
        self._show(self.current.rows, self.current.tombs)
        self.note("column added during a run" if self.watched else "column added")

    def restore(self) -> None:
        """Back to an earlier state; what was in flight is lost."""
        self.now += 1
        earlier = self.chance.choice(self.shown[len(self.options.countries) :] or self.shown)
        self.pending.clear()
        self._show(earlier.rows, earlier.tombs)
        self.restored = True
        self.beyond_deltas |= self.watched
        self.note("restore during a run" if self.watched else "restore")


@lru_cache(maxsize=4096)
def wire(moment: int, writing: str) -> str:
    """A timestamp's text."""
    text = text_of(moment)
    match writing:
        case "naive":
            return text.removesuffix("Z")
        case "offset":
            return text_of(moment + 7200 * SECOND).replace("Z", "+02:00")
        case "short":
            return text.removesuffix("Z").rstrip("0").rstrip(".") + "Z"
    return text


@cache
def key_text(key: Key) -> str:
    """A key's attributes, as they stand in a line."""
    return ",".join(f'"{name}":{json.dumps(part)}' for name, part in zip(("id", "part"), key, strict=False))


_NOTED = {
    "bulk": "bulk update",
    "delete": "deletion",
    "mass_delete": "mass deletion",
    "recreate": "re-creation",
    "arrive": "into scope",
    "leave": "out of scope",
    "poison": "future timestamp",
}
