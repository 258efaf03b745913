"""Load records that a script has in hand into a table: typed exactly, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Literal, TypedDict

from pydantic import SecretStr

from focus_assets.api.database import open_database
from focus_assets.database.named import TableName, laid_out, possible_types
from focus_assets.database.open import Database
from focus_assets.database.tables import Mirrored, make
from focus_assets.load.direct import load_keyed, load_rows
from focus_assets.model.errors import ConfigurationError, RowError, SchemaChanged
from focus_assets.model.feed import Row
from focus_assets.model.mode import Mode
from focus_assets.model.records import Record, wire
from focus_assets.model.schema import Column, ColumnType, ResourceSchema, parse_type
from focus_assets.model.stamps import canonical as moment
from focus_assets.model.values import canonical
from focus_assets.sources.rest.inference import Inference
from focus_assets.sources.rest.typed import RecordReader

_MODES = {"append": Mode.APPEND, "replace": Mode.REPLACE, "upsert": Mode.UPSERT}
CHUNK = 10_000


class Loaded(TypedDict):
    """What became of a load: the records that it was given, and `skipped` where there were none."""

    records_loaded: int
    status: Literal["success", "skipped"]
    table: str


class DatabaseLoader:
    """Loads into one database; makes a table that is missing, and adds columns to one that lacks them.

    Types are inferred from all records of the load (`columns` names those that are not to be), or are those that the
    table has: a value that does not fit is an error, never a cast. The table gets `_synced_at`, and nothing else.
    """

    def __init__(self, url: str | SecretStr | Database) -> None:
        """Raises InvalidConfiguration, MissingExtra."""
        self.database = open_database(url)

    def load(
        self,
        records: Iterable[Record],
        *,
        table: str,
        mode: Literal["append", "replace", "upsert"] = "append",
        unique_key: str | Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        chunk_size: int = CHUNK,
    ) -> Loaded:
        """One load, one transaction: all records, or none and an error.

        `append` writes what is new by the key (without one: everything), `upsert` updates what is known, `replace`
        deletes what was not given. No records change nothing, whatever the mode. `chunk_size` rows are written at a
        time. Raises RowError with the record's number and key, SchemaError, ConfigurationError, DatabaseError.
        """
        key = (unique_key,) if isinstance(unique_key, str) else tuple(unique_key)
        given = list(records)
        wanted = _insist(mode, key, chunk_size)
        if not given:
            return {"records_loaded": 0, "status": "skipped", "table": table}
        name = TableName.of(table)
        self._load(name, given, wanted, self._columns(name, given, key, types=columns), key=key, chunk=chunk_size)
        return {"records_loaded": len(given), "status": "success", "table": table}

    def _load(
        self,
        name: TableName,
        records: list[Record],
        mode: Mode,
        columns: tuple[Column, ...],
        *,
        key: tuple[str, ...],
        chunk: int,
    ) -> None:
        now = moment(datetime.now(UTC).isoformat())
        schema = ResourceSchema(name.name, columns, key, (), None) if key else None
        table = laid_out(self.database.dialect, name, columns, schema)
        rows = _typed(columns, schema, records)  # all of them, before anything is written
        make(self.database, table, columns)
        batches = _chunks(rows, chunk)
        if schema is not None:
            load_keyed(self.database, Mirrored(schema, table), batches, mode=mode, now=now)
        else:
            load_rows(self.database, table, columns, batches, replace=mode is Mode.REPLACE, now=now)

    def _columns(
        self, name: TableName, records: list[Record], key: tuple[str, ...], *, types: Mapping[str, str] | None
    ) -> tuple[Column, ...]:
        inference = Inference({column: _type(column, text) for column, text in (types or {}).items()})
        for record in records:
            inference.add(record)
        inferred = inference.types()
        if missing := [part for part in key if part not in inferred]:
            known = ", ".join(inferred) or "nothing"
            raise ConfigurationError(f"no record has {missing[0]!r} of the unique key; they have {known}")
        stored = possible_types(self.database, name, key)
        return tuple(
            Column(column, _settled(column, kind, stored, records=records, table=name.name))
            for column, kind in inferred.items()
        )


def _insist(mode: str, key: tuple[str, ...], chunk_size: int) -> Mode:
    if mode not in _MODES:
        raise ConfigurationError(f"there is no mode {mode!r}; known: {', '.join(_MODES)}")
    if mode == "upsert" and not key:
        raise ConfigurationError("the mode 'upsert' needs a unique_key: the columns by which a row is known")
    if chunk_size < 1:
        raise ConfigurationError("chunk_size is at least 1")
    return _MODES[mode]


def _type(column: str, text: str) -> ColumnType:
    found = parse_type(text)
    if found is None:
        raise ConfigurationError(f"the column {column!r} has the unknown type {text!r}")
    return found


def _settled(
    column: str,
    inferred: ColumnType,
    stored: Mapping[str, list[ColumnType]],
    *,
    records: list[Record],
    table: str,
) -> ColumnType:
    """The type of a column: what was inferred, unless the table has the column with another one."""
    if column not in stored or inferred in stored[column]:
        return inferred
    if not stored[column]:
        raise SchemaChanged(f"the column {column!r} of {table} has a type that no value of a record fits")
    values = [record.get(column) for record in records]
    fitting = (kind for kind in stored[column] if all(_fits(Column(column, kind), value) for value in values))
    return next(fitting, stored[column][0])  # where none does, reading the records says which value is in the way


def _fits(column: Column, value: object) -> bool:
    try:
        canonical(column, wire(value))
    except RowError:
        return False
    return True


def _typed(columns: tuple[Column, ...], schema: ResourceSchema | None, records: list[Record]) -> list[Row]:
    reader = RecordReader(schema or columns)
    return [reader.row(record, number=number) for number, record in enumerate(records, 1)]


def _chunks(rows: list[Row], size: int) -> Iterator[list[Row]]:
    left = iter(rows)
    while chunk := list(islice(left, size)):
        yield chunk
