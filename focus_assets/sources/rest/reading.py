"""Fetch the pages of a resource through a client, each judged, and asked for again while its errors are repeatable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from anyio.to_thread import run_sync as in_thread

from focus_assets.client import ApiClient
from focus_assets.client.correlation import correlating
from focus_assets.config import RestResource
from focus_assets.sources.rest.answers import read_page
from focus_assets.sources.rest.asking import request_of
from focus_assets.sources.rest.pages import pages_of
from focus_assets.sources.rest.walk import Asked, Came, Walk


@dataclass(frozen=True, slots=True)
class PageReader:
    """Reads pages; `width` of them side by side where their number is known."""

    client: ApiClient
    width: int

    def walk(self, resource: RestResource, *, check: bool = True) -> Walk:
        """A walk over a resource's pages; `check` holds them to the total, which speaks of everything."""
        return Walk(pages_of(resource.pagination), partial(self._page, resource, check), self.width)

    async def _page(self, resource: RestResource, check: bool, asked: Asked) -> Came:
        return await self.client.repeat(partial(self._one_page, resource, check, asked))

    async def _one_page(self, resource: RestResource, check: bool, asked: Asked) -> Came:
        body = await self.client.body(request_of(asked.ask, resource.method.value))
        with correlating(body.correlation_id):
            page = await in_thread(partial(read_page, resource, asked, body.data, hide=self.client.hide))
            page = replace(page, total=page.total if check else None, link=body.next_link)
            asked.judge(page)
        return Came(page, body.data, body.server_time)
