"""Tell a cron expression from a text that only looks like one."""

from __future__ import annotations

import re

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_ITEM = re.compile(r"(?:\*|(?P<first>\d{1,2})(?:-(?P<last>\d{1,2}))?|[A-Za-z]{3}(?:-[A-Za-z]{3})?)(?:/[1-9]\d?)?")


def is_cron(expression: str) -> bool:
    """Whether it has five fields, each in its range; names (`MON`, `JAN`) are taken on trust."""
    fields = expression.split()
    pairs = zip(fields, _RANGES, strict=False)
    return len(fields) == len(_RANGES) and all(_is_field(field, low, high) for field, (low, high) in pairs)


def _is_field(field: str, low: int, high: int) -> bool:
    return all(_is_item(item, low, high) for item in field.split(","))


def _is_item(item: str, low: int, high: int) -> bool:
    match = _ITEM.fullmatch(item)
    numbers = [int(text) for text in match.group("first", "last") if text] if match else []
    return match is not None and numbers == sorted(numbers) and all(low <= number <= high for number in numbers)
