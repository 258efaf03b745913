"""Lines become typed rows, or an error that says which feed, line, column and value."""

from __future__ import annotations

import dataclasses
import random
import sys
from decimal import Decimal

import pytest

from focus_assets.model.errors import (
    BadValue,
    DuplicateName,
    FocusError,
    MissingKey,
    RowError,
    Truncated,
    UnexpectedBody,
    UnknownAttribute,
)
from focus_assets.model.feed import Batch, Block, Feed, Stamp
from focus_assets.model.schema import ResourceSchema
from focus_assets.model.stamps import nanos
from focus_assets.sources.fast import FastReader
from focus_assets.sources.layout import layout_of
from focus_assets.sources.rows import Reading, RowDecoder, Unknown
from focus_assets_tests.tuples import one_by_one
from focus_assets_tests.unit.sources.lines import block_of, outcome, schema_of

ID = "123e4567-e89b-12d3-a456-426614174000"
SCHEMA = schema_of(
    id="uuid", name="string", price="decimal(18,4)", attributes="json", created_at="time", updated_at="time"
)
LINE = f'{{"id":"{ID}","name":"x","price":1.5,"attributes":{{"a":[1.10]}},"created_at":null,"updated_at":null}}'
NUMBERED = schema_of(id="int64", v="string")
TIMED = schema_of(id="int64", created_at="time", updated_at="time")
DEEP = "[" * 100 + "]" * 100


@pytest.fixture(params=Reading)
def reading(request: pytest.FixtureRequest) -> Reading:
    """Every promise holds for all readers."""
    return Reading(request.param)


def decode(
    schema: ResourceSchema,
    text: str | bytes,
    *,
    reading: Reading = Reading.FAST,
    feed: Feed = Feed.FULL,
    quarantine: bool = False,
    unterminated: bool = False,
) -> Batch:
    decoder = RowDecoder(schema, feed, quarantine=quarantine, reading=reading)
    batch = decoder.decode(block_of(text, unterminated=unterminated))
    return dataclasses.replace(batch, rows=one_by_one(batch.rows, layout_of(schema, feed).columns))


def error_of(
    text: str | bytes, *, reading: Reading, schema: ResourceSchema = NUMBERED, unterminated: bool = False
) -> FocusError:
    with pytest.raises(FocusError) as caught:
        decode(schema, text, reading=reading, unterminated=unterminated)
    return caught.value


class TestRows:
    def test_a_line_is_a_row_in_the_order_of_the_schema(self, reading: Reading) -> None:
        assert decode(SCHEMA, LINE + "\n", reading=reading).rows == [
            (ID, "x", Decimal("1.5000"), '{"a":[1.10]}', None, None)
        ]

    def test_the_order_of_names_in_a_line_does_not_matter(self, reading: Reading) -> None:
        assert decode(NUMBERED, '{"v":"x","id":1}\n{"id":2,"v":"y"}\n', reading=reading).rows == [(1, "x"), (2, "y")]

    def test_an_absent_name_is_null(self, reading: Reading) -> None:
        assert decode(NUMBERED, '{"id":1}\n{"id":2,"v":null}\n{"id":3,"v":""}\n', reading=reading).rows == [
            (1, None),
            (2, None),
            (3, ""),
        ]

    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\n\n", " \n ", "\n\r\n"])
    def test_blank_lines_are_no_rows(self, reading: Reading, newline: str) -> None:
        text = newline.join(['{"id":1}', '{"id":2}', ""])
        assert decode(NUMBERED, text, reading=reading).rows == [(1, None), (2, None)]

    def test_a_last_line_without_its_newline_is_a_row_when_it_is_whole(self, reading: Reading) -> None:
        assert decode(NUMBERED, '{"id":1}\n{"id":2}', reading=reading, unterminated=True).rows == [(1, None), (2, None)]

    @pytest.mark.parametrize("name", ['quo"te', "back\\slash", "caf\u00e9", "a b", "'", "class", "f0"])
    def test_an_attribute_may_be_called_anything(self, reading: Reading, name: str) -> None:
        schema = schema_of(**{"id": "int64", name: "string"})
        spelled = name.replace("\\", "\\\\").replace('"', '\\"')
        assert decode(schema, f'{{"id":1,"{spelled}":"x"}}\n', reading=reading).rows == [(1, "x")]

    def test_nothing_is_a_batch_without_rows(self, reading: Reading) -> None:
        assert decode(NUMBERED, b"", reading=reading) == Batch([])
        assert decode(NUMBERED, b"\n \n", reading=reading) == Batch([])


class TestErrors:
    @pytest.mark.parametrize(
        ("line", "kind", "column", "value"),
        [
            ('{"id":3,"v":5}', BadValue, "v", "5"),
            ('{"id":3,"v":NaN}', BadValue, "v", "NaN"),
            (r'{"id":3,"v":"a\u0000"}', BadValue, "v", r'"a\u0000"'),
            (r'{"id":3,"v":"\ud800"}', BadValue, "v", r'"\ud800"'),
            ('{"id":99999999999999999999}', BadValue, "id", "99999999999999999999"),
            ('{"id":1.0}', BadValue, "id", "1.0"),
            ('{"id":3,"v":"a","v":"a"}', DuplicateName, "v", ""),
            (r'{"id":3,"v":"a","\u0076":"a"}', DuplicateName, "v", ""),
            ('{"id":3,"v" :"a","v":"b"}', DuplicateName, "v", ""),
            ('{"id":3,"v":"a","v"  :"b"}', DuplicateName, "v", ""),
            ('{"id":3,"v"\t:"a","v":"b"}', DuplicateName, "v", ""),
            ('{"id":3,"v"\r:"a","v":"b"}', DuplicateName, "v", ""),
            (r'{"id":3,"v":"\":","v":"b"}', DuplicateName, "v", ""),
            ('{"v":"a"}', MissingKey, "id", ""),
            ('{"id":null}', MissingKey, "id", ""),
            ("{}", MissingKey, "id", ""),
            ('{"id":3,"w":"a"}', UnknownAttribute, "w", ""),
            ('{"id":3,"v":"a\tb"}', BadValue, "v", ""),
            ('{"id":3,"v":' + DEEP + "}", BadValue, "v", ""),
            ('{"id":3,"v":' + "[" * 5000 + "]" * 5000 + "}", BadValue, "v", ""),
        ],
    )
    def test_a_bad_line_is_named(
        self, reading: Reading, line: str, kind: type[RowError], column: str, value: str
    ) -> None:
        error = error_of(f'{{"id":1}}\n{{"id":2}}\n{line}\n{{"id":4}}\n', reading=reading)
        assert isinstance(error, RowError)
        assert (type(error), error.feed, error.line, error.column, error.value) == (kind, "full", 3, column, value)

    @pytest.mark.parametrize("broken", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"])
    def test_what_is_not_utf8_is_named(self, reading: Reading, broken: bytes) -> None:
        error = error_of(b'{"id":1,"v":"\xc3\xa9' + broken + b'"}\n', reading=reading)
        assert isinstance(error, BadValue)
        assert (error.problem, error.column, error.line) == ("it is not UTF-8", "v", 1)

    @pytest.mark.parametrize(
        ("line", "byte"),
        [
            ('{"id":2,"v":}', 21),
            ('{"id":2', 16),
            ("[1]", 9),
            ('"x"', 9),
            ("null", 9),
            ("<html>", 9),
            ('{"id":2}{"id":3}', 17),
            ('{"id":2} x', 18),
            ('{"id":02}', 16),
        ],
    )
    def test_what_is_no_object_is_no_line(self, reading: Reading, line: str, byte: int) -> None:
        error = error_of(f'{{"id":1}}\n{line}\n{{"id":4}}\n', reading=reading)
        assert isinstance(error, UnexpectedBody)
        assert (error.feed, error.line, error.byte) == ("full", 2, byte)

    def test_an_object_over_two_lines_is_no_line(self, reading: Reading) -> None:
        assert isinstance(error_of('{"id":1,\n"v":"x"}\n{"id":2} {"id":3}\n', reading=reading), UnexpectedBody)

    @pytest.mark.parametrize("newline", ["\n", ""])
    @pytest.mark.parametrize(
        "body",
        [
            '{"error":"no such country"}',
            '{"message":"internal","status":500}',
            "{}",
            "<!doctype html><html></html>",
            "Service unavailable",
            '["a"]',
            "\u00fc",
        ],
    )
    def test_an_error_with_status_200_is_no_line(self, reading: Reading, body: str, newline: str) -> None:
        error = error_of(body + newline, reading=reading, unterminated=not newline)
        assert isinstance(error, UnexpectedBody)
        assert error.line == 1
        assert error.body_start == body.encode().decode("ascii", "backslashreplace") or not body.isascii()
        assert error.repeatable

    def test_an_error_object_is_no_line_even_where_unknown_attributes_are_let_pass(self, reading: Reading) -> None:
        block = block_of('{"error":"x"}\n')
        assert outcome(NUMBERED, block, reading=reading, unknown=Unknown.IGNORE).startswith("UnexpectedBody")

    def test_every_cut_of_a_line_is_named(self, reading: Reading) -> None:
        whole = '{"id":1}\n{"id":2,"v":"caf\u00e9 \U0001f600 \\ud83d\\ude00"}'.encode()
        for length in range(len(b'{"id":1}\n') + 1, len(whole)):
            error = error_of(whole[:length], reading=reading, unterminated=True)
            assert isinstance(error, Truncated), length
            assert (error.feed, error.line, error.byte) == ("full", 2, 9)
            assert error.repeatable

    def test_places_are_counted_over_the_whole_body(self, reading: Reading) -> None:
        decoder = RowDecoder(NUMBERED, Feed.UPDATED, reading=reading)
        with pytest.raises(BadValue, match="updated, line 1002, column 'v'"):
            decoder.decode(Block(b'{"id":1}\n{"id":1,"v":1}\n', 1001, 50_000))
        with pytest.raises(UnexpectedBody, match="updated, line 1002, byte 50009"):
            decoder.decode(Block(b'{"id":1}\nx\n', 1001, 50_000))

    def test_a_hostile_name_does_not_break_the_message(self, reading: Reading) -> None:
        error = error_of(r'{"id":1,"\ud800\u0000":1}' + "\n", reading=reading)
        assert isinstance(error, UnknownAttribute)
        assert error.column.encode()
        assert "\0" not in f"{error.column}{error}"

    @pytest.mark.parametrize("lines", [10, 1000])
    @pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
    def test_one_bad_line_among_many_is_found(self, reading: Reading, lines: int, place: float) -> None:
        bad = 1 + int(place * (lines - 1))
        text = "".join(f'{{"id":{line if line != bad else 1.5},"v":"some text"}}\n' for line in range(1, lines + 1))
        error = error_of(text, reading=reading)
        assert isinstance(error, BadValue)
        assert error.line == bad


class TestJson:
    @pytest.mark.parametrize(
        ("wire", "expected"),
        [
            ('{"a": 1.10, "b": [1, 2]}', '{"a":1.10,"b":[1,2]}'),
            ('{"a b":" c : d "}', '{"a b":" c : d "}'),
            (r'{"a":"\u00e9\/\n"}', '{"a":"\u00e9/\\n"}'),
            ("12345678901234567890.10", "12345678901234567890.10"),
            ("null", None),
            ('"null"', '"null"'),
            ('{"a":{"x":1},"b":{"x":1}}', '{"a":{"x":1},"b":{"x":1}}'),
        ],
    )
    def test_json_is_kept_as_its_compact_text(self, reading: Reading, wire: str, expected: str | None) -> None:
        schema = schema_of(id="int64", j="json")
        assert decode(schema, f'{{"id":1,"j":{wire}}}\n', reading=reading).rows == [(1, expected)]

    def test_null_among_spaced_json_is_null(self, reading: Reading) -> None:
        text = '{"id":1,"j":null}\n{"id":2,"j":[1, 2]}\n{"id":3}\n'
        assert decode(schema_of(id="int64", j="json"), text, reading=reading).rows == [
            (1, None),
            (2, "[1,2]"),
            (3, None),
        ]

    @pytest.mark.parametrize("wire", ['{"a":1,"a":1}', '{"x":[{"a":1,"a":1}]}', r'{"a":1,"\u0061":1}', '{"":1,"":2}'])
    def test_a_name_twice_inside_is_named(self, reading: Reading, wire: str) -> None:
        error = error_of(f'{{"id":1,"j":{wire}}}\n', reading=reading, schema=schema_of(id="int64", j="json"))
        assert isinstance(error, DuplicateName)
        assert error.column == "j"

    def test_sixty_four_levels_are_deep_enough(self, reading: Reading) -> None:
        schema = schema_of(id="int64", j="json")
        deep = "[" * 64 + "]" * 64
        assert decode(schema, f'{{"id":1,"j":{deep}}}\n', reading=reading).rows == [(1, deep)]
        error = error_of(f'{{"id":1,"j":[{deep}]}}\n', reading=reading, schema=schema)
        assert isinstance(error, BadValue)
        assert (error.column, error.problem) == ("j", "it is nested deeper than 64")

    def test_the_depth_does_not_hang_on_the_stack(self, reading: Reading) -> None:
        limit = sys.getrecursionlimit()
        deep = "[" * (limit * 3) + "]" * (limit * 3)
        error = error_of(f'{{"id":1,"j":{deep}}}\n', reading=reading, schema=schema_of(id="int64", j="json"))
        assert isinstance(error, BadValue)


class TestTimes:
    def decoded(self, text: str, *, reading: Reading, not_beyond: str | None = None) -> Batch:
        limit = None if not_beyond is None else nanos(not_beyond) // 1000
        return RowDecoder(TIMED, Feed.UPDATED, not_beyond=limit, reading=reading).decode(block_of(text))

    def line(self, number: int, created: str | None, updated: str | None) -> str:
        spelled = ("null" if text is None else f'"{text}"' for text in (created, updated))
        return '{{"id":{},"created_at":{},"updated_at":{}}}\n'.format(number, *spelled)

    def test_the_newest_is_the_latest_moment_with_its_own_text(self, reading: Reading) -> None:
        text = (
            self.line(1, "2025-07-01T16:00:00Z", None)
            + self.line(2, "2025-07-01T18:01:00+05:00", "2025-07-01T18:01:00.5+02:00")
            + self.line(3, None, None)
        )
        batch = self.decoded(text, reading=reading)
        micros = nanos("2025-07-01T16:01:00.5Z") // 1000
        assert batch.newest == Stamp(micros, "")
        assert batch.newest is not None
        assert batch.newest.wire == "2025-07-01T18:01:00.5+02:00"
        assert batch.rows[1] == (2, "2025-07-01T13:01:00.000000Z", "2025-07-01T16:01:00.500000Z")

    def test_rows_without_change_times_have_no_newest(self, reading: Reading) -> None:
        assert self.decoded(self.line(1, None, None), reading=reading).newest is None

    def test_a_row_from_the_future_is_kept_and_counted_and_is_not_the_newest(self, reading: Reading) -> None:
        text = (
            self.line(1, "2025-07-01T16:00:00.000000Z", "2025-07-01T16:00:01.000000Z")
            + self.line(2, "2025-07-01T16:00:02.000000Z", "2025-07-01T16:00:09.000000Z")
            + self.line(3, "2025-07-01T16:00:09.000000Z", None)
        )
        batch = self.decoded(text, reading=reading, not_beyond="2025-07-01T16:00:05Z")
        assert len(batch.rows) == 3
        assert batch.future == 2
        assert batch.newest is not None
        assert batch.newest.wire == "2025-07-01T16:00:01.000000Z"

    def test_the_moment_of_the_servers_clock_is_not_the_future(self, reading: Reading) -> None:
        batch = self.decoded(
            self.line(1, "2025-07-01T16:00:05Z", None), reading=reading, not_beyond="2025-07-01T16:00:05Z"
        )
        assert (batch.future, batch.newest and batch.newest.wire) == (0, "2025-07-01T16:00:05Z")

    def test_only_rows_from_the_future_leave_no_newest(self, reading: Reading) -> None:
        batch = self.decoded(
            self.line(1, "2025-07-01T16:00:06Z", None), reading=reading, not_beyond="2025-07-01T16:00:05Z"
        )
        assert (batch.future, batch.newest) == (1, None)

    def test_equal_moments_keep_the_first_text(self, reading: Reading) -> None:
        text = self.line(1, None, "2025-07-01T16:00:00Z") + self.line(2, "2025-07-01 16:00:00", None)
        batch = self.decoded(text, reading=reading)
        assert batch.newest is not None
        assert batch.newest.wire == "2025-07-01T16:00:00Z"

    def test_a_thousand_random_moments_have_the_newest_of_an_independent_count(self, reading: Reading) -> None:
        chance = random.Random(7)
        texts = [
            f"2025-07-{chance.randrange(1, 4):02}T{chance.randrange(24):02}:00:0{chance.randrange(3)}"
            f".{chance.randrange(4)}{chance.choice(('', 'Z', '+02:00', '-01'))}"
            for _ in range(1000)
        ]
        limit = "2025-07-02T12:00:00Z"
        batch = self.decoded("".join(self.line(1, text, None) for text in texts), reading=reading, not_beyond=limit)
        past = [text for text in texts if nanos(text) <= nanos(limit)]
        assert batch.future == len(texts) - len(past)
        assert batch.newest is not None
        assert batch.newest.wire == max(past, key=nanos)


class TestDeleted:
    def keys(self, schema: ResourceSchema, text: str, *, reading: Reading) -> list[object]:
        batch = decode(schema, text, reading=reading, feed=Feed.DELETED)
        assert (batch.newest, batch.future) == (None, 0)
        return list(batch.rows)

    def test_a_line_is_the_key(self, reading: Reading) -> None:
        assert self.keys(TIMED, '{"id":1}\n{"id":2}\n', reading=reading) == [(1,), (2,)]

    def test_a_composite_key_is_in_its_own_order(self, reading: Reading) -> None:
        schema = schema_of("b", "a", a="int64", b="string", c="int64")
        assert self.keys(schema, '{"a":1,"b":"x"}\n{"b":"y","a":2}\n', reading=reading) == [("x", 1), ("y", 2)]

    def test_id_stands_for_a_single_key(self, reading: Reading) -> None:
        schema = schema_of("code", code="string", name="string")
        text = '{"id":"a"}\n{"code":"b"}\n{"code":"c","id":"x"}\n{"code":null,"id":"d"}\n'
        assert self.keys(schema, text, reading=reading) == [("a",), ("b",), ("c",), ("d",)]

    def test_an_attribute_id_is_never_taken_for_the_key(self, reading: Reading) -> None:
        schema = schema_of("code", code="string", id="string")
        assert outcome(schema, block_of('{"id":"a"}\n'), feed=Feed.DELETED, reading=reading).startswith("MissingKey")

    def test_id_does_not_stand_for_a_composite_key(self, reading: Reading) -> None:
        schema = schema_of("a", "b", a="int64", b="string")
        found = outcome(schema, block_of('{"id":1}\n', first_line=2), feed=Feed.DELETED, reading=reading)
        assert found.startswith("UnknownAttribute")

    def test_the_time_of_deletion_and_other_attributes_are_passed_over(self, reading: Reading) -> None:
        text = '{"id":1,"deleted_at":"yesterday","created_at":5,"updated_at":{"a":1,"a":1}}\n{"id":2}\n'
        assert self.keys(TIMED, text, reading=reading) == [(1,), (2,)]

    @pytest.mark.parametrize(
        ("line", "kind"),
        [
            ('{"id":1,"other":1}', "UnknownAttribute"),
            ('{"id":"x"}', "BadValue"),
            ('{"id":1,"id":1}', "DuplicateName"),
            ('{"deleted_at":"x"}', "MissingKey"),
            ('{"id":1,"deleted_at":' + DEEP + "}", "BadValue"),
            ('{"id":1,"deleted_at":1,"deleted_at":1}', "DuplicateName"),
            ("{}", "UnexpectedBody"),
        ],
    )
    def test_a_bad_line_is_named(self, reading: Reading, line: str, kind: str) -> None:
        found = outcome(TIMED, block_of(line + "\n"), feed=Feed.DELETED, reading=reading)
        assert found.startswith(f"{kind}: deleted, line 1")


class TestQuarantine:
    def test_a_bad_row_is_set_aside_with_its_reason_and_key(self, reading: Reading) -> None:
        text = '{"id":1,"v":"x"}\n{"id":2,"v":5}\n{"id":null}\n{"id":3,"v":"a","v":"b"}\n{"id":4,"id":5}\n{"id":6}\n'
        batch = decode(NUMBERED, text, reading=reading, quarantine=True)
        assert batch.rows == [(1, "x"), (6, None)]
        assert [(one.line, one.reason.split(":")[0], one.raw, one.key) for one in batch.rejects] == [
            (2, "BadValue", '{"id":2,"v":5}', (2,)),
            (3, "MissingKey", '{"id":null}', None),
            (4, "DuplicateName", '{"id":3,"v":"a","v":"b"}', (3,)),
            (5, "DuplicateName", '{"id":4,"id":5}', None),
        ]

    def test_what_is_kept_of_a_line_is_bounded_and_can_be_stored(self, reading: Reading) -> None:
        text = b'{"id":1,"v":"' + b"x" * 20_000 + b'","w":1}\n'
        raw = decode(NUMBERED, text.replace(b',"w":1', b',"v":1'), reading=reading, quarantine=True).rejects[0].raw
        assert len(raw) == 10_000
        raw = decode(NUMBERED, b'{"id":1,"v":"\0\xff"}\n', reading=reading, quarantine=True).rejects[0].raw
        assert raw == '{"id":1,"v":"\ufffd\\xff"}'

    @pytest.mark.parametrize("line", ['{"id":2', "x", '{"id":2,"other":1}'])
    def test_what_says_something_of_the_body_or_the_schema_is_an_error_still(self, reading: Reading, line: str) -> None:
        with pytest.raises((UnexpectedBody, UnknownAttribute)):
            decode(NUMBERED, f'{{"id":1}}\n{line}\n', reading=reading, quarantine=True)

    def test_a_bad_row_is_neither_newest_nor_future(self, reading: Reading) -> None:
        text = '{"id":"x","created_at":"2025-07-01T16:00:00Z"}\n{"id":1,"created_at":"2025-07-01T15:00:00Z"}\n'
        batch = decode(TIMED, text, reading=reading, quarantine=True)
        assert batch.newest is not None
        assert batch.newest.wire == "2025-07-01T15:00:00Z"


class TestUnknownAttributes:
    def test_they_are_refused_with_the_first_name(self, reading: Reading) -> None:
        error = error_of('{"id":1,"zz":1,"aa":{}}\n', reading=reading)
        assert isinstance(error, UnknownAttribute)
        assert (error.column, "1 other" in error.problem) == ("zz", True)

    def test_they_are_let_pass_and_gathered_where_the_source_says_so(self, reading: Reading) -> None:
        decoder = RowDecoder(NUMBERED, Feed.FULL, unknown=Unknown.IGNORE, reading=reading)
        for _ in range(2):
            rows = decoder.decode(block_of('{"id":1,"w":{"a":1,"a":2}}\n{"id":2,"v":"x","\u00fc":null}\n')).rows
            assert one_by_one(rows, NUMBERED.columns) == [(1, None), (2, "x")]
        assert decoder.ignored == {"w", "\u00fc"}


class TestSpeed:
    """The fast reader itself takes what servers send, so that it is fast."""

    def test_ordinary_lines_are_read_fast(self) -> None:
        reader = FastReader(layout_of(SCHEMA, Feed.FULL))
        spaced = LINE.replace('":', '": ').replace(",", ", ")
        quoted = LINE.replace('"x"', r'"he said \"a\": {\"b\":1}, b : c \\u0000 \u00fc"')
        short = f'{{"id":"{ID}"}}'
        nested = LINE.replace("[1.10]", '{"b":1,"c":[{"d":1},{"d":2}]}')
        for line in (LINE, spaced, quoted, short, nested):
            assert len(reader.read(f"{line}\n{line}\n".encode()).rows) == 2, line

    def test_ordinary_deletions_are_read_fast(self) -> None:
        for key, line in (("id", '{"id":"a"}'), ("code", '{"id":"a"}'), ("code", '{"code":"a","deleted_at":null}')):
            reader = FastReader(layout_of(schema_of(key, **{key: "string", "name": "json"}), Feed.DELETED))
            assert reader.read(f"{line}\n{line}\n".encode()).rows == [("a",), ("a",)]

    def test_ignored_attributes_are_learnt(self) -> None:
        decoder = RowDecoder(NUMBERED, Feed.FULL, unknown=Unknown.IGNORE)
        decoder.decode(block_of('{"id":1,"w":1}\n'))
        reader = FastReader(layout_of(NUMBERED, Feed.FULL), decoder.ignored)
        assert reader.read(b'{"id":1,"w":{"a":1}}\n{"id":2,"w":2}\n').rows == [(1, None), (2, None)]
