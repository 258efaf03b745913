"""What the commands that run schedules of writes and of sendings have in common."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from focus_assets_tests.simulation.__main__ import say


class Told(Protocol):
    """What a schedule's report says whatever was tried."""

    seed: int
    wrong: list[str]
    states: Counter[str]
    happened: set[str]


R = TypeVar("R", bound=Told)


def parsed(arguments: Sequence[str] | None, *, module: str, about: str | None, default: str) -> argparse.Namespace:
    """`seeds`, `jobs` and `trace`."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--seeds", default=default, help="one seed, or the first and the last: %(default)s")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    return parser.parse_args(arguments)


def tell(play: Callable[[], Iterable[R]]) -> list[R]:
    """Run the schedules, and say how quick they were, what was wrong, and what they saw."""
    began = time.monotonic()
    found = list(play())
    say(f"{len(found) / (time.monotonic() - began):.1f} schedules a second")
    states, happened = Counter[str](), Counter[str]()
    for report in found:
        states += report.states
        happened.update(report.happened)
        for said in report.wrong:
            say(f"seed {report.seed}: {said}")
    say(f"writes: {', '.join(f'{count:,} {state}' for state, count in states.most_common())}")
    say("schedules that saw: " + ", ".join(f"{what} {count:,}" for what, count in sorted(happened.items())))
    return found
