"""See whether a peer's table holds the rows, and what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.names import COLUMNS
from benchmarks.peers.peer import SCHEMA
from benchmarks.postgres import TABLE

_TABLE = sql.Identifier(SCHEMA, "promotions")


@dataclass(frozen=True, slots=True)
class Content:
    """`wrong`: rows that are missing or other; `missing`: columns; `key`: whether the table has one on `id`."""

    rows: int
    wrong: int
    missing: tuple[str, ...]
    key: bool

    @property
    def remarks(self) -> str:
        """For the table; '' where nothing is amiss."""
        said = [f"no {name}" for name in self.missing]
        said += [] if self.key else ["no key"]
        said += [f"{self.wrong:,} rows differ"] if self.wrong else []
        return ", ".join(said)


def content_of(url: str, file: Path) -> Content:
    """Compare with the rows of the CSV file, each column in the type that it has there."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE.replace("TABLE promotions", "TABLE public.expected"))
        with file.open("rb") as lines, connection.cursor().copy("COPY public.expected FROM STDIN (FORMAT csv)") as sink:
            while block := lines.read(1 << 20):
                sink.write(block)
        types = dict(_columns(connection, "public", "expected"))
        found = dict(_columns(connection, SCHEMA, "promotions"))
        held = [name for name in COLUMNS if name in found]
        rows, wrong = _differences(connection, held, types)
        return Content(rows, wrong, tuple(name for name in COLUMNS if name not in found), _has_key(connection))


def _columns(connection: psycopg.Connection, schema: str, table: str) -> list[tuple[str, str]]:
    query = """SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = format('%%I.%%I', %s::text, %s::text)::regclass AND attnum > 0 AND NOT attisdropped"""
    return connection.execute(query, [schema, table]).fetchall()


def _differences(connection: psycopg.Connection, held: list[str], types: dict[str, str]) -> tuple[int, int]:
    names = sql.SQL(", ").join(map(sql.Identifier, held))
    cast = [sql.SQL("{}::text::{}").format(sql.Identifier(name), sql.SQL(types[name])) for name in held]  # type: ignore[arg-type]
    query = sql.SQL(
        "WITH theirs AS (SELECT {cast} FROM {table}) SELECT (SELECT count(*) FROM theirs),"
        " (SELECT count(*) FROM (SELECT {names} FROM public.expected EXCEPT ALL SELECT * FROM theirs) AS lost)"
        " + (SELECT count(*) FROM (SELECT * FROM theirs EXCEPT ALL SELECT {names} FROM public.expected) AS other)"
    ).format(cast=sql.SQL(", ").join(cast), table=_TABLE, names=names)
    rows, wrong = connection.execute(query).fetchone() or (0, 0)
    return int(rows), int(wrong)


def _has_key(connection: psycopg.Connection) -> bool:
    query = """SELECT EXISTS (SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = %s::regclass AND indisunique AND indnkeyatts = 1 AND attname = 'id')"""
    (found,) = connection.execute(query, [f"{SCHEMA}.promotions"]).fetchone() or (False,)
    return bool(found)
