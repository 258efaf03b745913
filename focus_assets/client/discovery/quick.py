"""Read a page and its moments in one walk, where its text is so plain that nothing of it can get lost.

>>> read_decoded("jobs", b'{"meta": {}, "jobs": [{"runs": "PT1H"}]}', Subject())
{'meta': {}, 'jobs': [{'runs': datetime.timedelta(seconds=3600)}]}
"""

from __future__ import annotations

from typing import Any

import msgspec

from focus_assets.client.decode import Subject
from focus_assets.client.discovery.codec import decode_counted
from focus_assets.client.document import check_bounds, read_document

_read = msgspec.json.Decoder().decode
_END_OF_NAME = b'":'
_SPACE = b" \t\r\n"


def read_decoded(key: str, body: bytes, subject: Subject) -> Any:
    """What `read_document` says, with what the list or object under `key` holds decoded; raises what it raises."""
    check_bounds(body, subject)
    found = None if _is_loose(body.rstrip(_SPACE)) else _quickly(body, key)
    if found is None:
        found = read_document(body, subject)
        _decode_at(key, found)
    return found


def _is_loose(body: bytes) -> bool:
    """Whether there might be a space between a name and its colon."""
    return b"\n" in body or b"\r" in body or b"\t" in body or b'" ' in body


def _quickly(body: bytes, key: str) -> Any:
    """None where it must be looked at more closely: the quick parser keeps the last of two members of one name."""
    try:
        found = _read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # the strict parser says what is wrong, or reads it
    # a text too may hold what ends a name, but none ends otherwise: then there are never too many members
    return found if _decode_at(key, found) == body.count(_END_OF_NAME) else None


def _decode_at(key: str, answer: Any) -> int:
    """Decode what is under the key, and count the members of all objects."""
    if not isinstance(answer, dict):
        return _members(answer)
    others = sum(_members(value) for name, value in answer.items() if name != key)
    return len(answer) + others + (decode_counted(answer[key]) if key in answer else 0)


def _members(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_members, value.values()))
    return sum(map(_members, value)) if isinstance(value, list) else 0
