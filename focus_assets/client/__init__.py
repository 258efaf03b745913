"""HTTP, and all that is needed to trust it: pace, retries, logging in, decoding to the end."""

from __future__ import annotations

from focus_assets.client.auth import Auth, FocusLogin, Grant, NoAuth
from focus_assets.client.clock import Clock, SystemClock
from focus_assets.client.decode import BodyDecoder, Limits, Subject
from focus_assets.client.http import Answer, ApiClient, Body, HttpSettings, LineStream, Request, Timeouts
from focus_assets.client.pace import NoPace, Pace, SlidingPace
from focus_assets.client.protocol import join, redact, same_origin
from focus_assets.client.retry import Repeater, RetryBudget, RetryPolicy

__all__ = [
    "Answer",
    "ApiClient",
    "Auth",
    "Body",
    "BodyDecoder",
    "Clock",
    "FocusLogin",
    "Grant",
    "HttpSettings",
    "Limits",
    "LineStream",
    "NoAuth",
    "NoPace",
    "Pace",
    "Repeater",
    "Request",
    "RetryBudget",
    "RetryPolicy",
    "SlidingPace",
    "Subject",
    "SystemClock",
    "Timeouts",
    "join",
    "redact",
    "same_origin",
]
