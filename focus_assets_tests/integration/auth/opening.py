"""Open a client for a way to log in as focus.yaml writes it."""

from __future__ import annotations

import random
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from focus_assets.client import ApiClient, Clock, HttpSettings, NoPace, Repeater, RetryPolicy, SystemClock
from focus_assets.config import Auth
from focus_assets.sources.login import login_of, login_origins

AUTH: TypeAdapter[Auth] = TypeAdapter(Auth, config=ConfigDict(hide_input_in_errors=True))


def open_client(base: str, written: dict[str, Any], *, clock: Clock | None = None) -> ApiClient:
    auth, ticking = AUTH.validate_python(written), clock or SystemClock()
    repeat = Repeater(RetryPolicy(attempts=1), ticking, random.Random(1))
    settings = HttpSettings([base], login_origins(auth))
    return ApiClient(settings, login_of(auth, base, clock=ticking), pace=NoPace(), repeat=repeat, clock=ticking)
