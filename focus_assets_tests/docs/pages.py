"""Put what is made from the code between a page's marks; the words around it are written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_MARKED = re.compile(r"(<!-- made from the code by `make golden`: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with every part in its place; a part without a place, or a place without a part, is a mistake."""
    places = [found["name"] for found in _MARKED.finditer(page)]
    assert sorted(places) == sorted(parts), f"the page has places for {places}; there are {sorted(parts)}"
    return _MARKED.sub(lambda found: f"{found[1]}\n{parts[found['name']].strip()}\n\n{found[3]}", page)


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def described(names: Iterable[str], meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each name with its meaning; both sides must know the same names."""
    known = list(names)
    assert sorted(known) == sorted(meanings), (
        f"without words: {set(known) - set(meanings)}; gone: {set(meanings) - set(known)}"
    )
    return [(f"`{name}`", meanings[name]) for name in known]
