"""Send rows to MySQL as the file of a LOAD DATA LOCAL: several times as fast as INSERT.

A server may answer any statement by asking for any file of ours, and PyMySQL would send it. Here nothing is ever sent
but rows, and only where a statement of ours asks for them.
https://dev.mysql.com/doc/refman/8.4/en/load-data-local-security.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, cast

import msgspec
import sqlalchemy as sa

from focus_assets.database.dialects.csvlines import control_finder, csv_of
from focus_assets.database.dialects.dialect import Lane
from focus_assets.database.dialects.texts import decimal_text, list_text
from focus_assets.model.feed import Row, Value
from focus_assets.model.schema import ColumnType, Kind

Check: TypeAlias = Callable[[Sequence[Value]], None]

_NULL = msgspec.Raw(b"NULL")
_STATEMENT_BYTES = 4_000_000  # of rows in one statement: while the API is slow, no server waits for the rest of a file
_PACKET_BYTES = 256 * 1024
# a proxy's "unsupported command" (ProxySQL), and that of servers where it is switched off
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_NOT_TAKEN = (1047, 1148, 3948, 3950, 4166)
_FORM = (
    "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '\\\\' "
    "LINES TERMINATED BY '\\n' STARTING BY ''"
)


def connect(*args: Any, **kwargs: Any) -> Any:
    """A connection that can send files, and says so unless it was told `local_infile=0`; by itself it sends none."""
    import pymysql

    connection: Any = pymysql.connect(*args, **{"local_infile": 1, **kwargs, "defer_connect": True})
    # what PyMySQL looks at before it opens a file; a PyMySQL that looks at something else ends here
    del connection._local_infile  # noqa: SLF001
    connection._local_infile = False  # noqa: SLF001
    connection.connect()
    return connection


def takes_files(driver: Any) -> bool:
    """Whether both sides allow LOAD DATA LOCAL."""
    from pymysql.constants import CLIENT

    if not driver.client_flag & CLIENT.LOCAL_FILES:
        return False
    with driver.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.local_infile")
        return bool(cursor.fetchone()[0])


def accepts(connection: sa.Connection, lane: Lane) -> bool:
    """Whether a file without rows is taken: what stands between may refuse what the server allows."""
    from pymysql import err

    try:
        _send(connection.connection.driver_connection, _statement(lane), b"", 0)
    except err.MySQLError as error:
        if error.args[0] in _NOT_TAKEN:
            return False
        raise
    return True


def asked_for_a_file(error: BaseException) -> bool:
    """Whether PyMySQL has refused to send one; what failed after that is in the way."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, RuntimeError) and "LOAD_LOCAL" in str(found):
            return True
        found = found.__cause__ or found.__context__
    return False


def load_rows(connection: sa.Connection, lane: Lane, batches: Iterable[Sequence[Row]], checks: Sequence[Check]) -> int:
    """All batches, in statements of bounded size; returns how many rows. `checks` look at each column's values.

    What the server would bend to fit, and only warn of, is an error.
    """
    driver, written = connection.connection.driver_connection, 0
    statement = _statement(lane)
    for data, count in _files(lane, batches, checks):
        _send(driver, statement, data, count)
        written += count
    return written


def _statement(lane: Lane) -> str:
    names = [f"`{column.name.replace('`', '``')}`" for column in lane.columns]
    coded = {place for place, column in enumerate(lane.columns) if column.type.kind is Kind.BYTES}
    taken = ", ".join(f"@c{place}" if place in coded else name for place, name in enumerate(names))
    made = ", ".join(f"{names[place]} = UNHEX(@c{place})" for place in sorted(coded))
    return f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE `{lane.table.name}` {_FORM} ({taken}){made and f' SET {made}'}"


def _files(lane: Lane, batches: Iterable[Sequence[Row]], checks: Sequence[Check]) -> Iterator[tuple[bytes, int]]:
    writers = [_WRITTEN.get(column.type.kind) for column in lane.columns]
    may_hold = control_finder(lane.columns, (Kind.TEXT,))
    held: list[bytes] = []
    size = count = 0
    for rows in filter(None, batches):
        lanes = [list(column) for column in zip(*rows, strict=True)]
        for place, column in enumerate(lane.columns):
            checks[place](lanes[place])
            lanes[place] = _written(lanes[place], writers[place], column.type)
        held.append(csv_of(list(zip(*lanes, strict=True)), control=may_hold(rows)))
        size, count = size + len(held[-1]), count + len(rows)
        if size >= _STATEMENT_BYTES:
            yield b"".join(held), count
            held, size, count = [], 0, 0
    if held:
        yield b"".join(held), count


def _written(values: list[Any], writer: Callable[[Any, ColumnType], Any] | None, column_type: ColumnType) -> list[Any]:
    if writer is None:
        return [_NULL if value is None else value for value in values]
    return [_NULL if value is None else writer(value, column_type) for value in values]


def _send(driver: Any, statement: str, data: bytes, count: int) -> None:
    from pymysql import err
    from pymysql.constants import COMMAND
    from pymysql.protocol import OKPacketWrapper

    driver._execute_command(COMMAND.COM_QUERY, statement.encode())  # noqa: SLF001 (`query` would open a file)
    if not driver._read_packet().is_load_local_packet():  # noqa: SLF001
        raise err.OperationalError(0, "the server did not ask for the rows")
    for start in range(0, len(data), _PACKET_BYTES):
        driver.write_packet(data[start : start + _PACKET_BYTES])
    driver.write_packet(b"")
    said = OKPacketWrapper(driver._read_packet())  # noqa: SLF001
    if said.warning_count:
        with driver.cursor() as cursor:
            cursor.execute("SHOW WARNINGS LIMIT 1")
            _, number, problem = cursor.fetchone() or (
                "",
                0,
                "it would have bent a value to fit, and keeps no warnings",
            )
        raise err.DataError(number, problem)
    if said.affected_rows != count:
        raise err.DataError(0, f"of {count:,} rows it took {said.affected_rows:,}")


def _moment(value: Value, _type: ColumnType) -> str:
    return cast("str", value)[:-1]


def _hex(value: Value, _type: ColumnType) -> str:
    return cast("bytes", value).hex()


def _number(value: Value, _type: ColumnType) -> int:
    return int(cast("bool", value))


_WRITTEN: dict[Kind, Callable[[Any, ColumnType], Any]] = {
    Kind.TIMESTAMP: _moment,
    Kind.BOOL: _number,
    Kind.BYTES: _hex,
    Kind.DECIMAL: decimal_text,
    Kind.TEXT_LIST: list_text,
}
