"""Say who asks: one module for each way in, and what they share."""

from __future__ import annotations

from focus_assets.client.auth.fixed import FixedGrant, api_key, basic, bearer
from focus_assets.client.auth.focus import FocusLogin
from focus_assets.client.auth.grant import Auth, Grant, Login, NoAuth, Place, Post
from focus_assets.client.auth.oauth2 import ClientCredentials, CredentialsIn

__all__ = [
    "Auth",
    "ClientCredentials",
    "CredentialsIn",
    "FixedGrant",
    "FocusLogin",
    "Grant",
    "Login",
    "NoAuth",
    "Place",
    "Post",
    "api_key",
    "basic",
    "bearer",
]
