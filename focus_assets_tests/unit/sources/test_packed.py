"""The compiled piece packs what is as usual, and is not asked again where nothing is."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from focus_assets.model.feed import Batch, Feed, PackedRows
from focus_assets.model.stamps import nanos
from focus_assets.sources.rows import Reading, RowDecoder, Unknown
from focus_assets_tests.packing import needs_packer
from focus_assets_tests.tuples import one_by_one
from focus_assets_tests.unit.sources.lines import block_of, schema_of

SCHEMA = schema_of(id="int64", v="string", j="json", updated_at="time")
USUAL = '{"id":1,"v":"x","j":{"a":[1.50]},"updated_at":"2025-07-01T16:00:00Z"}\n'
ODD = '{"id":2,"v":"\\ud800"}\n'  # a lone surrogate: the row is bad
SPELLED = '{"id":3,"j":{"\\u0061":1}}\n'  # a name that we would write otherwise: the row is good


@pytest.fixture(autouse=True)
def packer() -> None:
    """All of these are about it."""
    needs_packer()


def decoder(**how: object) -> RowDecoder:
    return RowDecoder(SCHEMA, Feed.FULL, unknown=Unknown.IGNORE, reading=Reading.PACKED, **how)  # type: ignore[arg-type]


def packs(found: Sequence[Batch]) -> list[bool]:
    return [isinstance(batch.rows, PackedRows) for batch in found]


ORDINARY = {
    "int16": ["1", "-32768"],
    "int64": ["9223372036854775807"],
    "float64": ["1.5", "3", "1e-7", "-0.0"],
    "decimal(18,4)": ["12.5", '"12.50"', "0", "-99999999999999.9999", "1.50000"],
    "decimal": ["100", "0.00010", '"7"'],
    "string": ['""', '"é"', '"a\\nb\\u00e9\\ud83d\\ude00"'],
    "uuid": ['"c0056581-2593-4257-aee7-d7c80f734456"', '"C0056581-2593-4257-AEE7-D7C80F734456"'],
    "time": ['"2025-07-01T16:00:00Z"', '"2025-07-01 16:00:00.1+0230"'],
    "date": ['"2024-02-29"'],
    "bool": ["true", "false"],
    "json": ["{}", '{"a": [1, "b\\n"]}', '{"a":"\\/\\u00e9\\u0001\\u0022"}', '"text"', "1.50", "false"],
    "bytes": ['""', '"AAEC"'],
    "[]string": ["[]", '["a", "b\\"c"]'],
}


@pytest.mark.parametrize("type_name", ORDINARY)
def test_what_is_usual_is_packed(type_name: str) -> None:
    schema = schema_of(id="int64", v=type_name)
    found = RowDecoder(schema, Feed.FULL, reading=Reading.PACKED)
    for wire in [*ORDINARY[type_name], "null"]:
        batch = found.decode(block_of(f'{{"id":1,"v":{wire}}}\n{{"v": {wire}, "id": 2}}\n{{"id":3}}'))
        assert isinstance(batch.rows, PackedRows), wire
        assert [row[0] for row in one_by_one(batch.rows, schema.columns)] == [1, 2, 3]


def test_a_block_that_is_not_usual_is_read_one_by_one_among_packed_ones() -> None:
    found = decoder()
    batches = [found.decode(block_of(lines)) for lines in (USUAL, USUAL + SPELLED, USUAL)]
    assert packs(batches) == [True, False, True]
    assert [len(batch.rows) for batch in batches] == [1, 2, 1]


def test_where_the_first_block_is_not_usual_no_other_is_packed() -> None:
    found = decoder()
    learning = USUAL.replace('"id"', '"new":1,"id"')
    assert packs([found.decode(block_of(lines)) for lines in (SPELLED, USUAL, learning, USUAL)]) == [False] * 4


def test_a_first_block_without_a_row_decides_nothing() -> None:
    found = decoder(quarantine=True)
    assert packs([found.decode(block_of(lines)) for lines in (ODD, USUAL)]) == [False, True]


def test_a_name_that_the_schema_lacks_is_passed_over_once_it_is_known() -> None:
    found = decoder()
    lines = '{"id":1,"new":{"a":[1]},"v":"x"}\n'
    assert packs([found.decode(block_of(lines)) for _ in range(2)]) == [True, True]
    assert found.ignored == {"new"}


def test_a_bad_row_is_put_aside_and_the_others_are_not_packed() -> None:
    found = decoder(quarantine=True)
    batch = found.decode(block_of('{"id":1,"new":1}\n' + ODD))
    assert (packs([batch]), len(batch.rows), len(batch.rejects)) == ([False], 1, 1)


def test_rows_of_the_future_are_counted_and_packed() -> None:
    found = decoder(not_beyond=nanos("2025-07-01T16:00:00Z") // 1000)
    batch = found.decode(block_of(USUAL + USUAL.replace("16:00:00Z", "16:00:00.000001Z") + USUAL))
    assert (packs([batch]), batch.future) == ([True], 1)
    assert batch.newest
    assert batch.newest.wire == "2025-07-01T16:00:00Z"


def test_the_newest_of_packed_rows_is_the_servers_own_text() -> None:
    later = USUAL.replace("16:00:00Z", "18:00:00.5+02:00").replace('"id":1', '"id":2')
    batch = decoder().decode(block_of(USUAL + USUAL.replace("16:00:00Z", "16:00:00.50Z") + later))
    assert batch.newest
    assert batch.newest.wire == "2025-07-01T16:00:00.50Z"


def test_packed_rows_are_rows_for_those_who_want_them_so() -> None:
    rows = decoder().decode(block_of(USUAL * 3)).rows
    row = (1, "x", '{"a":[1.50]}', "2025-07-01T16:00:00.000000Z")
    assert isinstance(rows, PackedRows)
    assert (len(rows), rows[1], rows[1:], list(rows)) == (3, row, [row] * 2, [row] * 3)


def test_lines_may_end_as_on_windows() -> None:
    batch = decoder().decode(block_of(USUAL.replace("\n", "\r\n") * 2))
    assert (packs([batch]), len(batch.rows)) == ([True], 2)


def test_deletions_are_not_packed() -> None:
    found = RowDecoder(SCHEMA, Feed.DELETED, reading=Reading.PACKED)
    assert packs([found.decode(block_of('{"id":1}\n'))]) == [False]


def test_several_pack_at_once() -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        found = decoder()
        for _ in range(50):
            batch = found.decode(block_of(USUAL.replace('"id":1', f'"id":{number}') * 200))
            wrong.extend(row for row in one_by_one(batch.rows, SCHEMA.columns) if row[0] != number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("library", [None, b"", b"no library"])
def test_where_its_library_cannot_be_loaded_python_reads_all(tmp_path: Path, library: bytes | None) -> None:
    package = importlib.util.find_spec("focus_assets_native")
    assert package is not None
    assert package.origin is not None
    folder = tmp_path / "focus_assets_native"
    folder.mkdir()
    shutil.copy(package.origin, folder)
    if library is not None:
        (folder / "libfocus_assets_native.so").write_bytes(library)
    program = "from focus_assets.sources.packed import packer_type; print(packer_type())"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
