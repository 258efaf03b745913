"""Create, retrieve, update, delete and list the items of one resource."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from focus_assets.api.client import Params, texts
from focus_assets.client import join, redact
from focus_assets.client.discovery import Call, Discovery, Listing
from focus_assets.client.discovery import Resource as Found
from focus_assets.client.discovery.codec import decode, encode
from focus_assets.model.errors import UnexpectedBody


@dataclass(frozen=True, slots=True)
class Extra:
    """What a single call wants besides: query parameters, headers; and whether owner and token are shown."""

    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    owner: bool = True
    token: bool = True

    def call(self, url: str, method: str = "GET", json: object = None, **more: Any) -> Call:
        """The call that it belongs to."""
        headers = {**self.headers, **more.pop("headers", {})}
        shown = {"owner": self.owner, "token": self.token}
        return Call(url, method, texts(self.params), encode(json), headers, **shown, **more)


class Resource:
    """A collection of a service, by its name in Python. Nothing is asked before the first call.

    Every call takes `params` and `headers`, and `owner=False` or `token=False` to leave these out. Raises
    ResourceNotFound, and ApiError with status, the body's start and `correlation_id`.
    """

    def __init__(self, engine: Discovery, service: str, name: str, *, decode: bool) -> None:
        self.service, self.name = service, name
        self._engine, self._decode = engine, decode

    def __repr__(self) -> str:
        return f"<{self.service}.{self.name}>"

    async def create(self, json: Mapping[str, Any], *, idempotency_key: str | None = None, **extra: Any) -> Any:
        """Add an item; the item as the service keeps it.

        Sent again after an answer that was lost only with an `idempotency_key`: it could be added twice.
        """
        found = await self._found()
        headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
        body = {found.key: [json]}
        call = Extra(**extra).call(found.url, "POST", body, headers=headers, repeats=idempotency_key is not None)
        return self._item(await self._call(call), found)

    async def retrieve(self, pk: str, **extra: Any) -> Any:
        """One item; raises NotFound."""
        found = await self._found()
        return self._item(await self._call(Extra(**extra).call(join(found.url, str(pk)))), found)

    async def update(self, pk: str, json: Mapping[str, Any], *, if_match: str | None = None, **extra: Any) -> Any:
        """Replace an item; it as the service keeps it now, None where it does not say.

        With `if_match`, only while it has that version; else raises VersionConflict.
        """
        found = await self._found()
        headers = {"if-match": if_match} if if_match else {}
        url, body = join(found.url, str(pk)), {found.key: [json]}
        # the version of an update whose answer was lost is not the one that is there now
        call = Extra(**extra).call(url, "PUT", body, headers=headers, repeats=if_match is None)
        answer = await self._call(call)
        return None if answer is None else self._item(answer, found)

    async def delete(self, pk: str, **extra: Any) -> None:
        """Remove an item; raises NotFound."""
        found = await self._found()
        call = Extra(**extra).call(join(found.url, str(pk)), "DELETE")
        await self._engine.delete(self._engine.service(self.service), call)

    async def list(self, **extra: Any) -> AsyncIterator[Any]:
        """All items, page by page: a page is asked for when it is needed."""
        async for items in self.pages(**extra):
            for item in items:
                yield item

    async def pages(self, **extra: Any) -> AsyncIterator[Sequence[Any]]:
        """The items of one page after the other."""
        async for page in await self.listing(**extra):
            yield page.items

    async def listing(self, **extra: Any) -> Listing:
        """The pages as they come."""
        found = await self._found()
        call = Extra(**extra).call(found.url)
        return self._engine.listing(self._engine.service(self.service), found, call, decoded=self._decode)

    async def _found(self) -> Found:
        return (await self._engine.descriptor(self.service)).resource(self.name)

    async def _call(self, call: Call) -> Any:
        return await self._engine.call(self._engine.service(self.service), call)

    def _item(self, answer: Any, found: Found) -> Any:
        items = answer.get(found.key) if isinstance(answer, dict) else None
        if not isinstance(items, list) or not items:
            raise UnexpectedBody(f"the answer has no item under {found.key!r}", url=redact(found.url))
        return decode(items[0]) if self._decode else items[0]
