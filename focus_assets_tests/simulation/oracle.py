"""Know better than the mirror: what may it hold, and what may it claim, given every state that the server showed?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from focus_assets.database.open import Database
from focus_assets.load.rejects import key_text
from focus_assets.model.outcome import Outcome
from focus_assets.model.stamps import floor_micros, nanos, since, text_of
from focus_assets.model.verdict import SHRINK_RATIO, SHRINK_ROWS, Verdict
from focus_assets.model.wish import Wish
from focus_assets_tests.simulation.world import FUTURE, SECOND, Key, Record, Rows, Shown, World

Content = dict[Key, tuple[Any, ...]]
TABLE = "items"
PAUSE = 5 * SECOND
_BOOKS = {"_focus_ledger": "source, resource, partition", "_focus_rejects": "source, resource, partition, row_key"}


@dataclass(frozen=True, slots=True)
class Image:
    """What the destination holds: every country's rows, the ledger, the quarantine; all texts and numbers as stored."""

    columns: tuple[str, ...]
    rows: dict[str, dict[Key, tuple[Any, ...]]]
    ledger: dict[str, Mapping[str, Any]]
    rejects: tuple[tuple[Any, ...], ...]

    def put_aside(self, country: str) -> list[str]:
        """The names of a country's lines in quarantine."""
        return [row[3] for row in self.rejects if row[2] == country]


class Reader:
    """Reads the destination past the mirror's own code, on a connection of its own."""

    def __init__(self, database: Database, connection: sa.Connection, service: str, key: tuple[str, ...]) -> None:
        self._connection, self._key = connection, key
        self._table = f'"{service}"."{TABLE}"' if database.dialect.has_schemas else f'"{service}__{TABLE}"'

    def image(self) -> Image:
        """Everything, now."""
        with self._connection.begin() as transaction:
            columns, rows = self._rows(self._connection)
            books = {name: self._book(self._connection, name, order) for name, order in _BOOKS.items()}
            transaction.rollback()
        ledger = {str(row["partition"]): row for row in books["_focus_ledger"]}
        rejects = tuple(
            (row["source"], row["resource"], row["partition"], row["row_key"], row["raw"])
            for row in books["_focus_rejects"]
        )
        return Image(columns, rows, ledger, rejects)

    def _rows(self, connection: sa.Connection) -> tuple[tuple[str, ...], dict[str, dict[Key, tuple[Any, ...]]]]:
        with connection.begin_nested() as attempt:
            try:
                found = connection.exec_driver_sql(f"SELECT * FROM {self._table}")
            except sa.exc.DBAPIError:
                attempt.rollback()
                return (), {}
            names = tuple(found.keys())
            rows: dict[str, dict[Key, tuple[Any, ...]]] = {}
            places = [names.index(name) for name in self._key]
            at = names.index("_country")
            for row in found:
                rows.setdefault(row[at], {})[tuple(row[place] for place in places)] = tuple(row)
        return names, rows

    def _book(self, connection: sa.Connection, name: str, order: str) -> list[Mapping[str, Any]]:
        found = connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY {order}")
        return [dict(row) for row in found.mappings()]


def content(image: Image, country: str, columns: int) -> Content:
    """A country's rows by value, as the world would say them."""
    wanted = ["name", "qty", "price", "created_at", "updated_at", *(f"extra{place}" for place in range(columns))]
    places = [image.columns.index(name) if name in image.columns else None for name in wanted]
    return {
        key: tuple(_plain(row[place]) if place is not None else "(no column)" for place in places)
        for key, row in image.rows.get(country, {}).items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "astimezone"):
        return text_of(floor_micros(nanos(value.isoformat())))
    return value


def truth(rows: Rows, columns: int) -> Content:
    """The same of the server's rows."""
    return {key: _values(row, columns) for key, row in rows.items()}


@lru_cache(maxsize=4096)
def _values(row: Record, columns: int) -> tuple[Any, ...]:
    updated = None if row.updated is None else text_of(row.updated)
    extra = (f"{row.name}x{place}" for place in range(columns))
    return (row.name, row.qty, row.price, text_of(row.created), updated, *extra)


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, and what surrounded it: `start` and `end` are the moments of its first and its last state.

    `states` are the moments of all of them, `fed` is that of the last feed; `lossy`: lines were lost without a trace.
    """

    country: str
    outcome: Outcome
    before: Image
    after: Image
    wish: Wish
    start: int
    end: int
    states: tuple[int, ...] = ()
    fed: int = 0
    lossy: bool = False


@dataclass
class Oracle:
    """Judges the runs of one schedule; what it finds wrong are sentences."""

    world: World
    overlap: float
    keeps_contract: bool
    holes_may_be: set[str] = field(default_factory=set)

    def judge(self, ran: Ran) -> list[str]:
        """Everything that is wrong about one run."""
        found = [*self._others_untouched(ran)]
        if not published(ran.outcome):
            return [*found, *self._untouched(ran, ran.country)]
        return [*found, *self._ledger(ran), *self._verdict(ran), *self._shrink(ran), *self._holes(ran)]

    def equal(self, image: Image, country: str) -> list[str]:
        """After a rest and a full load: the server's rows, by value."""
        seen = self.world.current
        ours, theirs = content(image, country, seen.columns), truth(seen.rows[country], seen.columns)
        return [] if ours == theirs else [f"{country} does not converge: {_difference(ours, theirs)}"]

    def may_give_up(self, outcome: Outcome, *, heals: bool) -> bool:
        """Whether a delta of a quiet world need not be published: feeds at odds with the state, and no heal allowed."""
        return outcome.verdict is Verdict.DIVERGED and not self.keeps_contract and not heals

    def _others_untouched(self, ran: Ran) -> list[str]:
        others = [name for name in self.world.options.countries if name != ran.country]
        return [said for name in others for said in self._untouched(ran, name)]

    def _untouched(self, ran: Ran, country: str) -> list[str]:
        found = []
        if _widened(ran.before, country, ran.after.columns) != _widened(ran.after, country, ran.after.columns):
            found.append(f"the rows of {country} changed in a run that published nothing of it")
        if ran.before.ledger.get(country) != ran.after.ledger.get(country):
            found.append(f"the ledger of {country} changed in a run that published nothing of it")
        if [one for one in ran.before.rejects if one[2] == country] != [
            one for one in ran.after.rejects if one[2] == country
        ]:
            found.append(f"the quarantine of {country} changed in a run that published nothing of it")
        return found

    def _ledger(self, ran: Ran) -> list[str]:
        entry, rows = ran.after.ledger[ran.country], len(ran.after.rows.get(ran.country, {}))
        earlier = ran.before.ledger.get(ran.country)
        found = []
        if entry["rows"] != rows:
            found.append(f"the ledger says {entry['rows']} rows, there are {rows}")
        if entry["generation"] != (earlier["generation"] if earlier else 0) + 1:
            found.append("the generation is not the next one")
        if entry["verdict"] != ran.outcome.verdict or entry["run_id"] != ran.outcome.run_id:
            found.append("ledger and outcome do not say the same")
        return found

    def _verdict(self, ran: Ran) -> list[str]:
        held = len(ran.after.rows.get(ran.country, {})) + len(ran.after.put_aside(ran.country))
        states = self.world.states(ran.start, ran.end)
        totals = [len(state.rows[ran.country]) for state in states]
        match ran.outcome.verdict:
            case Verdict.COUNTED if held not in totals:
                return [f"counted, but {held} was never the total: {sorted(set(totals))}"]
            case Verdict.MOVING if not min(totals) <= held <= max(totals):
                return [f"moving, but {held} lies not between {min(totals)} and {max(totals)}"]
            case Verdict.PROVEN if not self._beyond_knowing(ran):
                return self._proof(ran, states)
        return []

    def _shrink(self, ran: Ran) -> list[str]:
        """A great loss is published on request, or after the server has stood by it for a while."""
        before, after = len(ran.before.rows.get(ran.country, ())), len(ran.after.rows.get(ran.country, ()))
        if ran.wish.accept_shrink or before - after <= max(SHRINK_RATIO * before, SHRINK_ROWS):
            return []
        again = [moment for moment in ran.states if moment >= ran.fed + PAUSE]
        if len(again) >= 2 and after:
            return []
        return [f"{before} rows became {after}, and the server was not heard a second time"]

    def _beyond_knowing(self, ran: Ran) -> bool:
        """While the load went on something happened that no delta shows.

        A backup came back, a row left the scope without a word, something committed later than the overlap; or a feed
        came empty from a server that never counts its lines. Only a digest does; where the server gives none, what was
        read may be a state that never was.
        """
        options = self.world.options
        counts = options.counts or (options.total_lines and not options.paging)
        uncounted = ran.lossy and not counts
        return (self.world.beyond_deltas or uncounted) and not options.digest

    def _proof(self, ran: Ran, states: list[Shown]) -> list[str]:
        differences = []
        for state in reversed(states):
            ours = content(ran.after, ran.country, state.columns)
            theirs = truth(state.rows[ran.country], state.columns)
            if ours == theirs:
                return []
            differences.append(_difference(ours, theirs))
        return [f"proven, but it equals no state that was shown; the last one but for {differences[0]}"]

    def _holes(self, ran: Ran) -> list[str]:
        """What the next delta will not read again must be right already."""
        entry = ran.after.ledger[ran.country]
        if not self.keeps_contract or ran.country in self.holes_may_be or entry["watermark"] is None:
            return []
        asked = floor_micros(nanos(since(entry["watermark"], self.overlap)))
        state = self.world.states(ran.start, ran.start)[-1]
        # one that came after the schema was read is filled by the full load that a changed schema forces
        columns = min(state.columns, sum(name.startswith("extra") for name in ran.after.columns))
        ours, latest = content(ran.after, ran.country, columns), self._latest(ran)
        theirs = truth(self.world.current.rows[ran.country], columns)
        for key in [key for key in latest if key_text(key) in ran.after.put_aside(ran.country)]:
            del latest[key]  # known to be missing
        lost = [key for key, stamp in latest.items() if stamp < asked and ours.get(key) != theirs.get(key)]
        if not lost:
            return []
        return [f"the watermark {entry['watermark']} has passed by {_difference(ours, theirs, lost)}"]

    def _latest(self, ran: Ran) -> dict[Key, int]:
        """When each key was last changed, as the server would tell, where its times never ran backwards."""
        latest: dict[Key, int] = {}
        backwards: set[Key] = set()
        for write in self.world.writes:
            if write.country == ran.country:
                if write.stamp < latest.get(write.key, write.stamp) or write.kind == "poison":
                    backwards.add(write.key)
                latest[write.key] = write.stamp
        return {key: stamp for key, stamp in latest.items() if key not in backwards and stamp < FUTURE}


def published(outcome: Outcome) -> bool:
    """Whether a run says that it wrote anything."""
    return outcome.generation is not None


def _widened(image: Image, country: str, columns: tuple[str, ...]) -> dict[Key, dict[str, Any]]:
    """Rows with every column of a later table, empty where they had none."""
    return {
        key: {name: row[image.columns.index(name)] if name in image.columns else None for name in columns}
        for key, row in image.rows.get(country, {}).items()
    }


def _difference(ours: Content, theirs: Content, keys: list[Key] | None = None) -> str:
    keys = sorted({*ours, *theirs}) if keys is None else keys
    differing = [key for key in keys if ours.get(key) != theirs.get(key)]
    shown = "; ".join(f"{key}: ours {ours.get(key)}, theirs {theirs.get(key)}" for key in differing[:2])
    return f"{len(differing)} keys, such as {shown}"
