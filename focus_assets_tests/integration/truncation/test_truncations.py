"""An answer that ends early is never taken for whole: the wire shows it, or the count does."""

from __future__ import annotations

from pathlib import Path

from focus_assets_tests.integration.truncation.cuts import Framing, every_cut, lines_of, some_cuts
from focus_assets_tests.integration.truncation.truncations import SIZE, truncate


async def test_2000_cuts_are_refused_or_whole_in_content(tmp_path: Path) -> None:
    lines = lines_of(SIZE)
    cuts = some_cuts(list(every_cut(lines)), 2000)
    found = await truncate(cuts, lines, tmp_path, drive_every=40)
    assert [text for row in found.results.values() for text in row.wrong] == []
    assert sum(row.cuts for row in found.results.values()) == 2000
    silent = [case for case, row in found.results.items() if row.count]
    # the one hole of the wire, a clean end between two lines, is the one that the count closes
    assert silent == [(Framing.CLEAN, False), (Framing.CLOSE, False)]
