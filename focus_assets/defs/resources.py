"""Give Dagster the API and the database as resources that a launchpad, a test or an environment variable may override.

What is left None is as focus.yaml says. A password is given by `dg.EnvVar`: Dagster then keeps the variable's
name, never its value.
"""

from typing import Any

import dagster as dg
from pydantic import Field, SecretStr

from focus_assets.config import Config, Destination, FocusAuth, SourceSettings

DESTINATION = "destination"


class DataExchangeResource(dg.ConfigurableResource[Any]):
    """One source: where its API is, and who asks."""

    base_url: str | None = Field(default=None, description="The host, without /api/v1.")
    username: str | None = Field(default=None, description="Who logs in.")
    password: str | None = Field(default=None, description="Give it as an environment variable; it is not shown.")

    def applied_to(self, settings: SourceSettings) -> SourceSettings:
        """The settings with what this resource overrides."""
        base_url = self.base_url.rstrip("/") if self.base_url else settings.base_url
        return settings.model_copy(update={"base_url": base_url, "auth": self._auth(settings)})

    def _auth(self, settings: SourceSettings) -> object:
        if not isinstance(settings.auth, FocusAuth):
            return settings.auth
        username = self.username or settings.auth.username
        password = SecretStr(self.password) if self.password else settings.auth.password
        return settings.auth.model_copy(update={"username": username, "password": password})


class DestinationResource(dg.ConfigurableResource[Any]):
    """The database that is kept a mirror."""

    url: str | None = Field(default=None, description="An SQLAlchemy URL; with a password: as an environment variable.")
    password: str | None = Field(default=None, description="Replaces the URL's; as an environment variable.")

    def applied_to(self, config: Config) -> Destination:
        """The destination with what this resource overrides."""
        if not (self.url or self.password):
            return config.destination
        overridden = Destination(
            url=SecretStr(self.url) if self.url else config.destination.url,
            password=SecretStr(self.password) if self.password else None,
            lock_timeout_seconds=config.destination.lock_timeout_seconds,
        )
        return overridden.beside(config.home)


def resource_key(source: str) -> str:
    """What a source's resource and its pool are called."""
    return f"{source.replace('-', '_')}_api"


def resources_of(config: Config) -> dict[str, object]:
    """One resource a source, and the destination."""
    sources = {
        resource_key(name): DataExchangeResource(base_url=settings.base_url, username=_username(settings))
        for name, settings in config.sources.items()
    }
    return {**sources, DESTINATION: DestinationResource()}


def resource_keys(config: Config) -> set[str]:
    """The names of all of them."""
    return {DESTINATION, *map(resource_key, config.sources)}


def effective(config: Config, resources: Any) -> Config:
    """The configuration with what a run's resources override."""
    sources = {
        name: getattr(resources, resource_key(name)).applied_to(settings) for name, settings in config.sources.items()
    }
    destination = getattr(resources, DESTINATION).applied_to(config)
    return config.model_copy(update={"sources": sources, "destination": destination})


def _username(settings: SourceSettings) -> str | None:
    return settings.auth.username if isinstance(settings.auth, FocusAuth) else None
