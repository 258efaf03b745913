"""Give the resources of one service by attribute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from focus_assets.api.discovery.resource import Extra, Resource
from focus_assets.client import join
from focus_assets.client.discovery import Discovery
from focus_assets.client.discovery.codec import decode


class Service:
    """A service, by its name in Python; its descriptor is asked for at the first call of one of its resources."""

    def __init__(self, engine: Discovery, name: str, *, decode: bool) -> None:
        self._engine, self._name, self._decode = engine, name, decode

    def __repr__(self) -> str:
        return f"<{self._name} at {self._engine.service(self._name).location}>"

    def __getattr__(self, name: str) -> Resource:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Resource:
        return Resource(self._engine, self._name, name, decode=self._decode)

    def __dir__(self) -> Iterable[str]:
        known = self._engine.described(self._name)
        return [*super().__dir__(), *(known.resources if known else ())]

    async def custom(self, path: str, method: str = "GET", *, json: object = None, **extra: Any) -> Any:
        """What an endpoint below the service's location answers, as JSON; None where it answers nothing.

        Only GET is sent again after an answer that was lost. Raises ApiError.
        """
        service = self._engine.service(self._name)
        url = join(service.location, *(part for part in path.split("/") if part))
        url = f"{url}/" if path.endswith("/") else url
        call = Extra(**extra).call(url, method.upper(), json, repeats=method.upper() == "GET")
        answer = await self._engine.call(service, call)
        return decode(answer) if self._decode else answer
