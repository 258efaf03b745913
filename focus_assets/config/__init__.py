"""Every knob, as models; the environment is read here and nowhere else."""

from focus_assets.config.auth import Auth, FocusAuth, NoAuth
from focus_assets.config.editor import json_schema
from focus_assets.config.load import load_config
from focus_assets.config.models import (
    Alerts,
    BadRows,
    Concurrency,
    Config,
    Destination,
    Document,
    ExchangeSource,
    RateLimit,
    Retry,
    Schedules,
    Timeouts,
)

__all__ = [
    "Alerts",
    "Auth",
    "BadRows",
    "Concurrency",
    "Config",
    "Destination",
    "Document",
    "ExchangeSource",
    "FocusAuth",
    "NoAuth",
    "RateLimit",
    "Retry",
    "Schedules",
    "Timeouts",
    "json_schema",
    "load_config",
]
