"""Make of the configured way to log in the one that the client uses."""

from __future__ import annotations

from focus_assets import client, config
from focus_assets.client import Clock, CredentialsIn, Place, join

TOKEN_LIFE_SECONDS = 1740.0


def login_of(auth: config.Auth, base_url: str, *, clock: Clock, token_life: float = TOKEN_LIFE_SECONDS) -> client.Auth:
    """What to ask before each request; the Data Exchange login stands at `base_url`, its token lives `token_life` s."""
    match auth:
        case config.NoAuth():
            return client.NoAuth()
        case config.ApiKeyAuth():
            return client.api_key(auth.name, auth.value, Place(auth.in_))
        case config.BasicAuth():
            return client.basic(auth.username, auth.password)
        case config.BearerAuth():
            return client.bearer(auth.token)
        case config.OAuth2Auth():
            return _client_credentials(auth, clock)
        case config.FocusAuth():
            url = join(base_url, "api", "v1", "auth")
            how = {"header": auth.header, "scheme": auth.scheme}
            return client.FocusLogin(url, auth.username, auth.password, **how, life=token_life, clock=clock)


def login_origins(auth: config.Auth) -> tuple[str, ...]:
    """Where a login may go that is not the API itself."""
    return (auth.token_url,) if isinstance(auth, config.OAuth2Auth) else ()


def _client_credentials(auth: config.OAuth2Auth, clock: Clock) -> client.ClientCredentials:
    return client.ClientCredentials(
        auth.token_url,
        auth.client_id,
        auth.client_secret,
        credentials_in=CredentialsIn(auth.credentials_in),
        scopes=auth.scopes,
        params=auth.params,
        clock=clock,
    )
