"""How deep a text nests is told without a look at its single tokens, and is the same as with one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.jsontext import _walk, name_at, too_deep_at


@given(text=st.text(st.sampled_from('[]{}"\\,a\n'), max_size=40), limit=st.integers(0, 4))
def test_the_depth_of_any_text_is_that_of_its_tokens(text: str, limit: int) -> None:
    places = [place for place, depth, _ in _walk(text) if depth > limit]
    assert too_deep_at(text, limit) == (places[0] if places else None)


@pytest.mark.parametrize(("place", "name"), [(0, ""), (5, "a"), (13, "b"), (99, "b")])
def test_the_name_of_a_place_is_that_of_the_outermost_object(place: int, name: str) -> None:
    assert name_at('{"a":{"c":1},"b":2', place) == name
