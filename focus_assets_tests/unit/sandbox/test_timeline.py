"""When rows were made and changed, and how a moment is written."""

from __future__ import annotations

import pytest

from focus_assets.sandbox.options import ANCHOR
from focus_assets.sandbox.timeline import DAY, Timeline, parse_moment, write_naive, write_offset, write_z


@pytest.mark.parametrize("moment", [0, 1, 999_999, ANCHOR, ANCHOR + 827_904, ANCHOR + 59_999_999, -1])
def test_what_is_written_is_read_back_to_the_microsecond(moment: int) -> None:
    assert {parse_moment(write(moment)) for write in (write_z, write_naive, write_offset)} == {moment}


def test_a_moment_has_six_digits_always() -> None:
    assert write_z(ANCHOR) == "2025-07-01T16:00:00.000000Z"
    assert write_naive(ANCHOR + 1) == "2025-07-01T16:00:00.000001"
    assert write_offset(ANCHOR + 7 * 3_600_000_000) == "2025-07-02T01:00:00.000000+02:00"


@pytest.mark.parametrize("text", ["2025-02-30T00:00:00", "2025-01-01T24:01:00", "٢٠٢٥-01-01T00:00:00", "now", "1"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert parse_moment(text) is None


@pytest.mark.parametrize("rows", [0, 1, 7, 1000])
def test_rows_are_made_in_order_and_nothing_happens_after_the_end(rows: int) -> None:
    timeline = Timeline.until(ANCHOR, rows)
    made = [timeline.created(index) for index in range(rows)]
    changed = [moment for index in range(rows) if (moment := timeline.updated(index)) is not None]
    assert made == sorted(set(made))
    assert all(ANCHOR - 366 * DAY < moment < ANCHOR for moment in (*made, *changed))


@pytest.mark.parametrize("share", range(0, 1001, 50))
def test_no_row_is_before_the_place_from_which_it_is_searched(share: int) -> None:
    timeline = Timeline.until(ANCHOR, 1000)
    floor = ANCHOR - 366 * DAY + 367 * DAY * share // 1000
    made = [index for index in range(1000) if timeline.created(index) > floor]
    changed = [index for index in range(1000) if (timeline.updated(index) or 0) > floor]
    assert min(made, default=1000) == min(timeline.first_made(floor), 1000)
    assert min(changed, default=1000) >= min(timeline.first_changed(floor), 1000)
