"""How deep a text nests is told without a look at its single tokens, and is the same as with one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from focus_assets.model.jsontext import _walk, too_deep_at


@given(text=st.text(st.sampled_from('[]{}"\\,a\n'), max_size=40), limit=st.integers(0, 4))
def test_the_depth_of_any_text_is_that_of_its_tokens(text: str, limit: int) -> None:
    places = [place for place, depth, _ in _walk(text) if depth > limit]
    assert too_deep_at(text, limit) == (places[0] if places else None)
