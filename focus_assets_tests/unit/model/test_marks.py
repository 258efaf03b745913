"""A watermark is a moment or a number, and is never taken for the other."""

from __future__ import annotations

import pytest

from focus_assets.model.errors import BadValue
from focus_assets.model.marks import Marks


def test_numbers_are_compared_as_numbers_and_moments_as_moments() -> None:
    assert Marks.NUMBERS.precedes("9", "10")
    assert not Marks.NUMBERS.precedes("10", "10")
    assert Marks.TIMES.precedes("2025-07-01T18:00:00+02:00", "2025-07-01T16:00:01Z")
    assert not Marks.TIMES.precedes("2025-07-01T16:00:01Z", "2025-07-01T16:00:01Z")


def test_an_overlap_lies_before_the_watermark() -> None:
    assert Marks.NUMBERS.since("1207", 300) == "907"
    assert Marks.TIMES.since("2025-07-01T16:05:00Z", 300) == "2025-07-01T16:00:00.000000"


@pytest.mark.parametrize(("marks", "watermark"), [(Marks.NUMBERS, "2025-07-01T16:05:00Z"), (Marks.TIMES, "1207")])
def test_a_watermark_of_the_other_kind_is_refused(marks: Marks, watermark: str) -> None:
    with pytest.raises(BadValue):
        marks.since(watermark, 0)
