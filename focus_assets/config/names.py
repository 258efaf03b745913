"""Say which lists of names a configuration may hold."""

from __future__ import annotations


def split_names(value: object) -> object:
    """A list as it is, and `DE, FR, NO` (all that one variable can say) as the list that it means."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names; raises ValueError for one that is empty, hides something or is there twice in any case."""
    if any(not name or name != name.strip() or not name.isprintable() for name in names):
        raise ValueError("expected names that are not empty and hold no control characters or spaces around them")
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise ValueError(f"expected each name once; there twice: {', '.join(twice)}")
    return names
