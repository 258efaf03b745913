"""A cluster on real sockets, a gateway on another, and a database between them."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.sandbox import SandboxServer
from focus_assets.sandbox.cluster import ClusterNode, NodeOptions, Whim
from focus_assets.sandbox.exchange import Request
from focus_assets.writeback.drain import Pass, drain
from focus_assets.writeback.gateway import gateway
from focus_assets.writeback.open import open_writer, settings_of
from focus_assets.writeback.writes import micros_now

TOKEN = "a-token-of-thirty-two-characters"
PATIENCE = 90.0
GROUP = {"name": "alpha", "description": "the first"}


@dataclass
class Whims:
    """What becomes of the next requests, in order; after the last nothing goes wrong."""

    next: list[Whim | None] = field(default_factory=list)
    always: Whim | None = None
    methods: tuple[str, ...] = ("POST", "DELETE", "GET")

    def __call__(self, request: Request) -> Whim | None:
        if request.method not in self.methods:
            return None
        return self.next.pop(0) if self.next else self.always


@dataclass
class Said:
    """An answer: its status, its JSON (None: no body), its headers with lower-case names."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Scene:
    """Nodes with their whims, and where to ask."""

    config: Config
    nodes: list[ClusterNode]
    whims: list[Whims]
    url: str = ""
    token: str = TOKEN
    jumped: int = 0  # microseconds by which the clocks of the nodes and of the drain are ahead

    def now(self) -> int:
        """The clock of the nodes and of the drain."""
        return micros_now() + self.jumped

    async def drain(self) -> Pass:
        """One pass, at a moment when nothing can be on its way any more."""
        self.jumped += 2 * round(PATIENCE * 1e6)
        async with open_writer(self.config) as writer:
            return await drain(dataclasses.replace(writer, now=self.now))

    @property
    def database(self) -> Database:
        """The destination with the intents."""
        return Database(self.config.destination)

    @property
    def held(self) -> list[list[str]]:
        """The names of the groups of each node."""
        return [sorted(str(group["name"]) for group in node.groups) for node in self.nodes]

    def whim(self, whim: Whim | None, *, node: int = 0, **more: Any) -> None:
        """What becomes of all requests to a node from now on."""
        self.whims[node].always = whim
        self.whims[node].methods = more.get("methods", ("POST", "DELETE", "GET"))

    def ask(self, method: str, path: str, body: object = None, *, token: str | None = TOKEN) -> Said:
        """One call of the gateway."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)
        if data is not None:
            request.add_header("content-type", "application/json")
        if token is not None:
            request.add_header("authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return _said(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return _said(error.code, error.read(), error.headers)


def _said(status: int, data: bytes, headers: Any) -> Said:
    return Said(status, json.loads(data) if data else None, {name.lower(): value for name, value in headers.items()})


@contextmanager
def cluster(home: Path, url: str, *, nodes: int = 2, **knobs: Any) -> Iterator[Scene]:
    """Nodes on sockets, and the configuration that names them; its seconds are more than anything here takes."""
    scene = Scene(None, [], [Whims() for _ in range(nodes)])  # type: ignore[arg-type]
    options = NodeOptions(latest=60.0, hangs=600.0)
    scene.nodes = [ClusterNode(w, options=options, clock=scene.now, chance=lambda: 1.0) for w in scene.whims]
    with ExitStack() as stack:
        urls = {
            f"node-{n}": stack.enter_context(SandboxServer(node)).url for n, node in enumerate(scene.nodes, start=1)
        }
        times = {"request_seconds": 30.0, "lifetime_seconds": PATIENCE, "longest_wait_seconds": 1.0, **knobs}
        scene.config = Config.model_validate(
            {
                "home": home,
                "sources": {
                    "other": {
                        "kind": "rest",
                        "base_url": "http://127.0.0.1:9",
                        "resources": {"groups": {"path": "groups", "primary_key": "id"}},
                    }
                },
                "destination": {"url": url},
                "writeback": {"nodes": urls, "token": TOKEN, **times},
            }
        )
        yield scene


@contextmanager
def served(scene: Scene, config: Config | None = None) -> Iterator[Scene]:
    """The gateway on a socket of its own, by the scene's configuration or another."""
    told = config or scene.config
    token = settings_of(told).token
    assert token is not None
    app = gateway(lambda: open_writer(told), token)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            scene.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield scene
        finally:
            server.should_exit = True
            thread.join()
