"""Progress is told of long loads, on one line of a terminal, now and then elsewhere."""

from __future__ import annotations

import io

from focus_assets.cli.progress import Meter, ProgressLine
from focus_assets.model.outcome import Outcome
from focus_assets.model.partition import PartitionRef

DE, FR = (PartitionRef("retail", "retail", "promotions", country) for country in ("DE", "FR"))


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_long_load_is_told_with_rows_rate_and_size() -> None:
    meter = Meter(total=9, done=2)
    meter.heard(DE, 0, 0, now=10.0)
    meter.heard(DE, 50_000, 20_000_000, now=12.0)
    assert meter.line(12.0) == "2 of 9 done; retail/promotions/DE  50,000 rows  25,000 rows/s  20.0 MB"


def test_a_short_load_is_not_worth_a_line() -> None:
    meter = Meter(total=1)
    meter.heard(DE, 50, 2000, now=10.0)
    assert meter.line(10.5) == ""


def test_the_longest_is_told_and_the_others_are_counted() -> None:
    meter = Meter(total=2)
    meter.heard(FR, 1, 1, now=1.0)
    meter.heard(DE, 1, 1, now=2.0)
    assert meter.line(9.0).startswith("0 of 2 done; retail/promotions/FR")
    assert meter.line(9.0).endswith(" (+1)")
    meter.ended(FR)
    assert meter.line(9.0).startswith("1 of 2 done; retail/promotions/DE")


def test_a_fetch_that_begins_anew_is_measured_anew() -> None:
    meter = Meter(total=1)
    meter.heard(DE, 1000, 10, now=0.0)
    meter.heard(DE, 2000, 20, now=10.0)
    meter.heard(DE, 100, 1, now=12.0)
    assert "50 rows/s" in meter.line(12.0)


def test_a_terminal_s_line_is_rewritten_and_leaves_no_trace() -> None:
    stream, clock = Terminal(), Clock()
    line = ProgressLine(stream, 1, width=40, clock=clock)
    for clock.now in (0.0, 1.5, 1.55, 1.7):
        line.heard(DE, int(clock.now * 1000), 0)
    line.clear()
    shown = stream.getvalue()
    assert shown.count("\r\x1b[K") == 3
    assert "\n" not in shown
    assert shown.endswith("\r\x1b[K")
    assert max(len(part) for part in shown.split("\r\x1b[K")) < 40


def test_elsewhere_a_plain_line_comes_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    line = ProgressLine(stream, 1, width=80, clock=clock)
    for second in range(35):
        clock.now = float(second)
        line.heard(DE, second * 1000, 0)
    line.ended(Outcome(DE, "r1"))
    line.clear()
    assert len(stream.getvalue().splitlines()) == 3
    assert "\x1b" not in stream.getvalue()


def test_a_quick_run_says_nothing() -> None:
    for stream in (Terminal(), io.StringIO()):
        line = ProgressLine(stream, 1, width=80, clock=Clock())
        line.heard(DE, 10, 10)
        line.ended(Outcome(DE, "r1"))
        line.clear()
        assert stream.getvalue() == ""
