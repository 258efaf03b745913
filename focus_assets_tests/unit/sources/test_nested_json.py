"""A json column is taken as it stands only where the exact reader would write the same text."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from focus_assets_tests.unit.sources.lines import agreed, block_of, schema_of

SCHEMA = schema_of(id="int64", v="json")
LETTERS = ("a", "b", ":", " ", '\\"', "\\\\", "\\n", "\\/", "\\u0061", "\\u00e9", "\\t", "ä", "雪", ",", "{", "]", "/")
NUMBERS = ("0", "-0", "1.0", "1E5", "1e-7", "12345678901234567890123", "0.1000")
SPACES = ("", "", "", " ", "  ")

texts = st.lists(st.sampled_from(LETTERS), max_size=4).map(lambda letters: '"' + "".join(letters) + '"')
scalars = st.one_of(texts, st.sampled_from([*NUMBERS, "null", "true", "false"]))


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    return f"[{draw(st.sampled_from([',', ', ', ' ,'])).join(draw(st.lists(inner, max_size=3)))}]"


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """With names that come twice more often than not, also where they are written otherwise."""
    colon = f"{draw(st.sampled_from(SPACES))}:{draw(st.sampled_from(SPACES))}"
    pairs = [f"{name}{colon}{draw(inner)}" for name in draw(st.lists(texts, max_size=4))]
    return "{" + draw(st.sampled_from([",", ", "])).join(pairs) + "}"


nested = st.recursive(scalars, lambda inner: st.one_of(arrays(inner), objects(inner)), max_leaves=8)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(values=st.lists(nested, min_size=1, max_size=4))
@example(values=['{"a\\\\" :1,"b":2,"b":3}'])
@example(values=['{":":1}', '{"a":{"b":[{"c":1}],"d":"\\n"}}'])
@example(values=['{"a":1,"\\u0061":2}'])
@example(values=['{"a":"\\":","a":1}', '{"a" :1}'])
def test_all_readers_give_the_same_text_for_the_same_json(values: list[str]) -> None:
    block = block_of("".join(f'{{"id":{place},"v":{value}}}\n' for place, value in enumerate(values)))
    for quarantine in (False, True):
        agreed(SCHEMA, block, quarantine=quarantine)
