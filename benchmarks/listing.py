"""Read a collection as a discovery client does, and as httpx and json do alone; or serve the pages for both.

Each is a process of its own: `python -m benchmarks.listing ours|texts|floor|many URL`, or `… serve ITEMS`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import anyio
import httpx

from focus_assets.api.discovery import DiscoveryClient, DiscoveryOptions

PER_PAGE = 100
AT_ONCE = 50
OFFERS = {"path": "/data", "pluralName": "offers", "hyphenatedPluralName": "offers"}
CREDENTIALS = {"client_id": "bench", "client_secret": "bench"}


def item(number: int) -> dict[str, object]:
    """Ten members, as a catalog's item has them."""
    return {
        "ref": f"root:offers-{number:07d}",
        "owner": "root",
        "name": f"offer {number}",
        "title": {"en": f"Number {number}", "nb": f"Nummer {number} på lista"},
        "tags": ["drama", "news"],
        "price": number % 5000,
        "duration": "PT90M",
        "active": number % 3 == 0,
        "createdAt": f"2025-07-01T16:{number // 60 % 60:02d}:{number % 60:02d}.827Z",
        "updatedAt": f"2025-07-02T16:{number // 60 % 60:02d}:{number % 60:02d}.{number % 1000:03d}Z",
    }


def pages_of(items: int) -> list[bytes]:
    """The bodies of all pages, with their links."""
    starts = range(0, items, PER_PAGE)
    return [_page(start, items) for start in starts]


def _page(start: int, items: int) -> bytes:
    number, end = start // PER_PAGE, min(start + PER_PAGE, items)
    meta: dict[str, object] = {"perPage": PER_PAGE, "totalCount": items}
    if end < items:
        meta["continue"] = f"/metadata/data/offers?continue={number + 1}&perPage={PER_PAGE}"
    return json.dumps({"meta": meta, "offers": [item(one) for one in range(start, end)]}).encode()


class _Served:
    def __init__(self, items: int) -> None:
        self.pages, self.port = pages_of(items), 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._read_body(reader, head)
                body = self._body(head.split(b" ", 2)[1].decode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @staticmethod
    async def _read_body(reader: asyncio.StreamReader, head: bytes) -> None:
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if lengths:
            await reader.readexactly(int(lengths[0].split(b":")[1]))

    def _body(self, target: str) -> bytes:
        parts = urlsplit(target)
        base = f"http://127.0.0.1:{self.port}"
        said = {
            "/services/root/": {"services": [{"name": n, "location": f"{base}/{n}"} for n in ("identity", "metadata")]},
            "/identity/oauth/token/": {"access_token": "bench"},
            "/metadata/descriptor/raw/": {"resourcefuls": {"offers": OFFERS}},
        }
        if parts.path in said:
            return json.dumps(said[parts.path]).encode()
        token = dict(parse_qsl(parts.query)).get("continue", "true")
        return self.pages[0 if token == "true" else int(token)]  # noqa: S105 (it is a page's)


async def serve(items: int) -> None:
    """Until its input ends; says its URL in one line."""
    served = _Served(items)
    server = await asyncio.start_server(served.talk, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"http://127.0.0.1:{served.port}\n")
    sys.stdout.flush()
    async with server:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def floor(url: str) -> int:
    """Nothing but requests one after the other, and json."""
    count, page, query = 0, f"{url}/metadata/data/offers", {"continue": "true"}
    async with httpx.AsyncClient(headers={"authorization": "Bearer bench"}) as client:
        while page:
            answer = (await client.get(f"{page}?{urlencode(query)}")).json()
            for one in answer["offers"]:
                count = _checked(one, count)
            link = answer["meta"].get("continue")
            page = urljoin(url, link).partition("?")[0] if link else ""
            query = {**query, **dict(parse_qsl(urlsplit(link or "").query))}
    return count


async def ours(url: str) -> int:
    """Every item, as a caller gets it."""
    async with DiscoveryClient(registry_url=url, **CREDENTIALS) as client:
        return await _count(client)


async def texts(url: str) -> int:
    """The same, moments and spans left as they are written."""
    async with DiscoveryClient(registry_url=url, **CREDENTIALS, options=DiscoveryOptions(decode=False)) as client:
        return await _count(client)


async def many(url: str) -> int:
    """Many listings at once."""
    counts: list[int] = []

    async def one(client: DiscoveryClient) -> None:
        counts.append(await _count(client))

    async with DiscoveryClient(registry_url=url, **CREDENTIALS) as client, anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(one, client)
    return sum(counts)


async def _count(client: DiscoveryClient) -> int:
    count = 0
    async for one in client.metadata.offers.list():
        count = _checked(one, count)
    return count


def _checked(one: dict[str, object], count: int) -> int:
    """One more, which must be the next one."""
    assert one["ref"] == f"root:offers-{count:07d}", one
    return count + 1


WAYS = {"ours": ours, "texts": texts, "floor": floor, "many": many}


def main() -> None:
    """Prints seconds, those of the processor, and items."""
    way, argument = sys.argv[1:3]
    if way == "serve":
        asyncio.run(serve(int(argument)))
        return
    began, used = time.perf_counter(), time.process_time()
    count = anyio.run(WAYS[way], argument)
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}
    sys.stdout.write(json.dumps({**took, "items": count}) + "\n")


if __name__ == "__main__":
    main()
