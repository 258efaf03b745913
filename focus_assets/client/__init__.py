"""HTTP, and all that is needed to trust it: pace, retries, logging in, decoding to the end."""

from __future__ import annotations

import focus_assets.client.commandless  # noqa: F401  # the modules below import httpx
from focus_assets.client.asking import Answer, Body, HttpSettings, Request, Timeouts
from focus_assets.client.auth import (
    Auth,
    ClientCredentials,
    CredentialsIn,
    FocusLogin,
    Grant,
    NoAuth,
    Place,
    api_key,
    basic,
    bearer,
)
from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.decode import BodyDecoder, Limits, Subject
from focus_assets.client.http import ApiClient
from focus_assets.client.lines import LineStream
from focus_assets.client.pace import NoPace, Pace, SlidingPace
from focus_assets.client.protocol import join, redact, same_origin
from focus_assets.client.retry import Repeater, RetryBudget, RetryPolicy
from focus_assets.client.shared import SharedFile

__all__ = [
    "Answer",
    "ApiClient",
    "Auth",
    "Body",
    "BodyDecoder",
    "ClientCredentials",
    "Clock",
    "CredentialsIn",
    "FocusLogin",
    "Grant",
    "HttpSettings",
    "Limits",
    "LineStream",
    "NoAuth",
    "NoPace",
    "Pace",
    "Place",
    "Repeater",
    "Request",
    "RetryBudget",
    "RetryPolicy",
    "SharedFile",
    "SlidingPace",
    "Subject",
    "SystemClock",
    "Timeouts",
    "api_key",
    "basic",
    "bearer",
    "join",
    "redact",
    "same_origin",
]
