"""Make the records that an API gives into the records that a table wants: pure, and the same whoever asks for it."""

from __future__ import annotations

from focus_assets.model.stamps import Ambiguous
from focus_assets.transform.casts import Cast
from focus_assets.transform.dates import Dates, Moment
from focus_assets.transform.functions import Function, named
from focus_assets.transform.names import Drop, Rename, Select
from focus_assets.transform.pipeline import Context, Step, Transform, pipeline
from focus_assets.transform.shape import ExplodeKeys, Flatten
from focus_assets.transform.texts import Clean, Trim
from focus_assets.transform.values import Constants, Derive

__all__ = [
    "Ambiguous",
    "Cast",
    "Clean",
    "Constants",
    "Context",
    "Dates",
    "Derive",
    "Drop",
    "ExplodeKeys",
    "Flatten",
    "Function",
    "Moment",
    "Rename",
    "Select",
    "Step",
    "Transform",
    "Trim",
    "named",
    "pipeline",
]
