"""All readers say the same of the same bytes, whatever the bytes are."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focus_assets.model.feed import Feed
from focus_assets.model.stamps import nanos
from focus_assets.sources.rows import Reading, RowDecoder, Unknown
from focus_assets_tests.tuples import one_by_one
from focus_assets_tests.unit.model.hostile import ACCEPTED, WIRES
from focus_assets_tests.unit.sources.lines import agreed, block_of, schema_of

EVERY_TYPE = {f"c{place}": name for place, name in enumerate(ACCEPTED)}
SCHEMA = schema_of("id", id="int64", created_at="time", updated_at="time", **EVERY_TYPE)
LIMIT = nanos("2025-07-01T16:01:00Z") // 1000
SHORT_WIRES = [wire for wire in WIRES if len(wire) < 200]
TYPES = {column.name: str(column.type) for column in SCHEMA.columns}

policies = st.fixed_dictionaries(
    {
        "quarantine": st.booleans(),
        "unknown": st.sampled_from(Unknown),
        "not_beyond": st.sampled_from([None, LIMIT]),
    }
)


@pytest.mark.parametrize("type_name", ACCEPTED)
def test_they_agree_on_every_hostile_value_of_every_type(type_name: str) -> None:
    schema = schema_of(id="int64", v=type_name)
    for wire in WIRES:
        agreed(schema, block_of(f'{{"id":1,"v":{wire}}}\n'))


@pytest.mark.parametrize("type_name", [name for name in ACCEPTED if name not in ("json", "[]string")])
def test_they_agree_on_every_hostile_key(type_name: str) -> None:
    schema = schema_of(id=type_name, v="int64")
    for feed in (Feed.FULL, Feed.DELETED):
        for wire in (*WIRES, "null"):
            agreed(schema, block_of(f'{{"id":{wire}}}\n'), feed=feed)


LURKING = [
    *(
        '{"a":\n1}',
        '{"a":1,\r"b":2}',
        "[1,\t2]",
        "[1, 2]",
        '{"a":1,"a":2}',
        '{"a":1,"a" :1}',
        '{"b" : {"a" :1,"a" :1}}',
    ),
    *(
        '"\\u0000"',
        '"\\u00e9"',
        '"\\/"',
        '{"\\u0061":1,"a":2}',
        "1e400",
        "1E2",
        "-0.0",
        "12345678901234567890123",
        "null",
    ),
    *("[" * 65 + "]" * 65, "1" * 1001, '"\x7f"', '"\u2028"'),
]


@pytest.mark.parametrize("inside", LURKING)
@pytest.mark.parametrize("name", ["v", "unknown"])
def test_raw_json_among_lines_that_are_spelled_as_usual_is_looked_into(name: str, inside: str) -> None:
    schema = schema_of(id="int64", v="json", t="string")
    usual = '{"id":1,"v":{"a":[1,2.5]},"t":"x"}\n'
    for line in (f'{{"id":2,"{name}":{inside},"t":"y"}}', f'{{"id":2,"{name}":{inside}}}'):
        for policy in Unknown:
            agreed(schema, block_of(f"{usual}{line}\n{usual}"), unknown=policy)


@pytest.mark.parametrize("different", [1, 40, 4_000, 60_000])
def test_json_is_the_same_whether_it_came_before_or_not(different: int) -> None:
    schema = schema_of(id="int64", v="json")
    spelled = ['{"a":%d}', '{ "a":%d }', '{"a":"\\u0061%d"}', "[%d.0]", "[%d.50]"]
    values = [spelled[number % 5] % (number % different) for number in range(12_000)] + ["null", '"null"', "1E2"]
    decoders = [RowDecoder(schema, Feed.FULL, reading=reading) for reading in Reading]
    for start in range(0, len(values), 500):
        lines = (f'{{"id":{place},"v":{value}}}\n' for place, value in enumerate(values[start : start + 500]))
        block = block_of("".join(lines))
        exact, fast, packed = (one_by_one(decoder.decode(block).rows, schema.columns) for decoder in decoders)
        assert fast == exact
        assert packed == exact


CALM = {name: [wire for wire in ACCEPTED[text] if len(wire) < 200] for name, text in EVERY_TYPE.items()}
CALM |= dict.fromkeys(("created_at", "updated_at"), CALM["c9"])
WILD_COLONS = [":"] * 6 + [": ", " : ", " :", ":\t", "\t:", ":  "]
DAMAGE = [
    *(bytes([letter]) for letter in b'\n\r\t ":\\{}[],\0\xff0e-'),
    *(b"", b"null", b"NaN", b'"id":1,', b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"<html>"),
]


@st.composite
def calm_lines(draw: st.DrawFn) -> str:
    """What servers send: values that fit, absent or null ones, one spelling."""
    names = draw(st.lists(st.sampled_from(list(CALM)), max_size=6, unique=True))
    wires = [draw(st.sampled_from([*CALM[name], "null"])) for name in names]
    parts = [f'"{name}":{wire}' for name, wire in zip(names, wires, strict=True)]
    return "{" + ",".join([f'"id":{draw(st.integers(-5, 5))}', *parts]) + "}"


@st.composite
def wild_members(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from([*TYPES, "other", "Id", "", "error"]))
    value = draw(st.sampled_from(CALM[name] if name in CALM and draw(st.booleans()) else [*SHORT_WIRES, "null"]))
    escaped = '"' + "".join(f"\\u{ord(letter):04x}" for letter in name) + '"'
    spelled = escaped if draw(st.integers(0, 9)) == 0 else json.dumps(name)
    return f"{spelled}{draw(st.sampled_from(WILD_COLONS))}{value}"


@st.composite
def wild_lines(draw: st.DrawFn) -> str:
    parts = [f'"id":{draw(st.integers(-5, 5))}', *draw(st.lists(wild_members(), max_size=3))]
    return "{" + draw(st.sampled_from([",", ", ", " , "])).join(draw(st.permutations(parts))) + "}"


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bool]:
    """Lines, most of them calm, and whether the last lacks its newline."""
    found = draw(st.lists(calm_lines(), min_size=1, max_size=3))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    if draw(st.booleans()):
        found = draw(st.permutations([*found, *draw(st.lists(wild_lines(), max_size=2))]))
        newline = draw(st.sampled_from(["\n", "\n\n", " \n", "\n ", " ", ""]))
    body = newline.join(found).encode(errors="surrogatepass")
    if draw(st.booleans()):
        return body + b"\n", False
    return body[: draw(st.sampled_from([len(body), draw(st.integers(0, len(body)))]))], True


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, bool]:
    """The same with some bytes put in or taken out."""
    body, unterminated = draw(bodies())
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(body)))
        end = place + draw(st.integers(0, 3))
        body = body[:place] + draw(st.sampled_from(DAMAGE)) + body[end:]
    return body, unterminated


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(body=bodies(), policy=policies)
def test_they_agree_on_lines(body: tuple[bytes, bool], policy: dict[str, object]) -> None:
    agreed(SCHEMA, block_of(body[0], unterminated=body[1]), **policy)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(body=damaged(), policy=policies, feed=st.sampled_from(Feed), first_line=st.sampled_from([1, 1000]))
def test_they_agree_on_damaged_bytes(
    body: tuple[bytes, bool], policy: dict[str, object], feed: Feed, first_line: int
) -> None:
    block = block_of(body[0], unterminated=body[1], first_line=first_line, first_byte=first_line - 1)
    agreed(SCHEMA, block, feed=feed, **policy)
