"""Cut a feed of lines into the pages of JSON that most tools read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

PAGE = 10_000


def write_pages(folder: Path, rows: int) -> None:
    """`pages/1.json` and so on, beside `full.ndjson`: `{"items": [...], "next": "/pages/2"}`, null in the last."""
    (folder / "pages").mkdir()
    last = -(-rows // PAGE)
    with (folder / "full.ndjson").open("rb") as lines:
        for number in range(1, last + 1):
            items = b",".join(line.rstrip() for line in islice(lines, PAGE))
            following = b'"/pages/%d"' % (number + 1) if number < last else b"null"
            (folder / "pages" / f"{number}.json").write_bytes(b'{"items":[' + items + b'],"next":' + following + b"}")
