"""Say from where on a delta asks: from a moment, or from a number that only rises."""

from __future__ import annotations

import enum

from focus_assets.model import stamps
from focus_assets.model.errors import BadValue


class Marks(enum.Enum):
    """What the watermarks of a resource are."""

    TIMES = "times"
    NUMBERS = "numbers"

    def since(self, watermark: str, overlap: float) -> str:
        """What a delta asks from: the watermark less the overlap (seconds, or a number). Raises BadValue.

        >>> Marks.TIMES.since("2025-07-01T16:01:00Z", 60), Marks.NUMBERS.since("1207", 100)
        ('2025-07-01T16:00:00.000000', '1107')
        """
        return stamps.since(watermark, overlap) if self is Marks.TIMES else str(_number(watermark) - int(overlap))

    def precedes(self, one: str, other: str) -> bool:
        """Whether a watermark lies before another. Raises BadValue.

        >>> Marks.NUMBERS.precedes("9", "10")
        True
        """
        if self is Marks.TIMES:
            return stamps.since(one, 0) < stamps.since(other, 0)
        return _number(one) < _number(other)


def _number(watermark: str) -> int:
    try:
        return int(watermark)
    except ValueError as error:
        raise BadValue("expected a whole number as the watermark", value=watermark) from error
