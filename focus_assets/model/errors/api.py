"""What an API did instead of giving what it was asked for."""

from __future__ import annotations

from focus_assets.model.errors.root import FocusError


class ApiError(FocusError):
    """The API did not give what it was asked for.

    `url` is without credentials and without the values of query parameters; `status` is None where
    there was no answer; `retry_after` is in seconds, None where the server named no time. `attempts` is how often the
    request was tried before the error was raised, `correlation_id` what it was sent with, where it was sent with one.
    """

    correlation_id: str = ""

    def __init__(
        self,
        problem: str,
        *,
        url: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        body_start: str = "",
    ) -> None:
        self.problem, self.url, self.status = problem, url, status
        self.retry_after, self.body_start = retry_after, body_start
        self.attempts = 1
        said = f" (it answered: {body_start})" if body_start else ""
        super().__init__(f"{problem}{f' at {url}' if url else ''}{said}")


class ApiUnreachable(ApiError):
    """No connection, or one that broke before the answer's head."""

    repeatable = True


class ApiTimeout(ApiError):
    """A connect, read or total deadline passed."""

    repeatable = True


class ServerFailed(ApiError):
    """5xx."""

    repeatable = True


class RateLimited(ApiError):
    """429."""

    repeatable = True


class StaleAnswer(ApiError):
    """An answer that something between us and the server had kept, though none was asked for."""

    repeatable = True


class AuthenticationFailed(ApiError):
    """The credentials, or a token obtained for this very request, were refused."""


class PermissionDenied(ApiError):
    """403."""


class NotFound(ApiError):
    """404."""


class DeltaExpired(ApiError):
    """410: the server no longer keeps what the delta asks for."""


class VersionConflict(ApiError):
    """412: somebody else changed it since the version that was named."""


class ServiceDiscoveryFailed(ApiError):
    """A registry did not say where its services are."""


class ResourceDiscoveryFailed(ApiError):
    """A service did not say which resources it has."""


class TokenFailed(ApiError):
    """An identity service issued no token."""


class RequestRefused(ApiError):
    """Any other status that is not 200."""


class RedirectRefused(ApiError):
    """3xx: an authenticated call is never redirected."""


class OriginRefused(ApiError):
    """A link that leaves the configured origins."""
