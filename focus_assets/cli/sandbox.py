"""Serve the sandbox, and say where and for whom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import typer
from pydantic import SecretStr, ValidationError

from focus_assets.cli.call import Call, print_json
from focus_assets.config import Broker
from focus_assets.model.errors import MissingExtra
from focus_assets.sandbox import FaultPlan, Sandbox, SandboxOptions, serve
from focus_assets.sandbox.cluster import ClusterNode, Moody
from focus_assets.sandbox.discovery import DiscoveryOptions, DiscoverySandbox
from focus_assets.sandbox.server import listening


def run(call: Call, options: SandboxOptions, where: tuple[str, int], faults: FaultPlan | None, *, as_json: bool) -> int:
    """Until Ctrl-C or SIGTERM; OSError where the port is taken."""
    sandbox = Sandbox(options, faults=faults)
    host, port = where

    def started(url: str) -> None:
        if as_json:
            print_json({"url": url, "username": options.username, "password": options.password})
        else:
            _tell(call, sandbox, url)

    asyncio.run(serve(sandbox, host, port, started=started))
    return 0


def run_discovery(
    call: Call, options: DiscoveryOptions, where: tuple[str, int], faults: FaultPlan | None, *, as_json: bool
) -> int:
    """Until Ctrl-C or SIGTERM; OSError where the port is taken."""
    sandbox = DiscoverySandbox(options, faults)
    host, port = where

    def started(url: str) -> None:
        if as_json:
            print_json({"url": url, "client_id": options.client_id, "client_secret": options.client_secret})
        else:
            _tell_of_services(call, sandbox, url)

    asyncio.run(serve(sandbox, host, port, started=started))
    return 0


def run_cluster(
    call: Call, cluster: list[ClusterNode], where: tuple[str, int], broker: Broker | None, *, as_json: bool
) -> int:
    """The nodes on ports that follow each other, until Ctrl-C or SIGTERM; they take undos off the broker's queue too.

    OSError where a port is taken; raises BrokerError, MissingExtra.
    """

    async def serve_all() -> None:
        async with _listening_all(cluster, where) as urls, _taking_undos(cluster, broker):
            _tell_of_nodes(call, urls, broker, as_json=as_json)
            await asyncio.Event().wait()

    asyncio.run(serve_all())
    return 0


def nodes_of(number: int, rate: float, seed: int) -> list[ClusterNode]:
    """So many nodes, of whose requests a share goes wrong."""
    return [ClusterNode(Moody(rate, seed=seed + place)) for place in range(number)]


def broker_of(url: str | None, queue: str) -> Broker | None:
    """Where undos come from; raises BadParameter."""
    if not url:
        return None
    try:
        return Broker(url=SecretStr(url), queue=queue)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(said, param_hint="--broker, --queue") from None


@asynccontextmanager
async def _taking_undos(cluster: list[ClusterNode], broker: Broker | None) -> AsyncIterator[None]:
    if broker is None:
        yield
        return
    try:
        from focus_assets.sandbox.undos import taking
    except ImportError as error:
        raise MissingExtra("broker", needed_for="--broker") from error

    async def delete(transaction_id: str) -> None:
        for node in cluster:
            node.delete(transaction_id)

    async with taking(broker, delete):
        yield


@asynccontextmanager
async def _listening_all(cluster: list[ClusterNode], where: tuple[str, int]) -> AsyncIterator[list[str]]:
    host, port = where
    async with AsyncExitStack() as stack:
        ports = [port and port + number for number in range(len(cluster))]
        yield [
            await stack.enter_async_context(listening(node, host, each))
            for node, each in zip(cluster, ports, strict=True)
        ]


def _tell_of_nodes(call: Call, urls: list[str], broker: Broker | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"nodes": urls, "queue": broker.queue if broker else None})
        return
    for number, url in enumerate(urls, start=1):
        call.out.print(f"Node {number} listens at {url}", soft_wrap=True)
    if broker:
        call.out.print(f"  they take undos from the queue {broker.queue} of {broker.shown}", soft_wrap=True)
    call.out.print("  their groups are at /api/v1/cluster. Ctrl-C ends them.", soft_wrap=True)


def drift_of(text: str | None) -> tuple[float, int] | None:
    """`5:3` is every 5 seconds 3 rows; raises BadParameter."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?):([0-9]+)", text)
    if found is None or float(found[1]) <= 0:
        raise typer.BadParameter("expected SECONDS:ROWS, such as 5:3", param_hint="--drift")
    return float(found[1]), int(found[2])


def _tell(call: Call, sandbox: Sandbox, url: str) -> None:
    options, out = sandbox.options, call.out
    out.print(f"The sandbox listens at {url}  username {options.username}  password {options.password}", soft_wrap=True)
    for service, resources in sandbox.world.services.items():
        out.print(f"  {service}: {', '.join(resource.name for resource in resources)}")
    out.print(f"  countries: {', '.join(options.countries)}")
    out.print(f"  POST {url}/sandbox/change lets its world change. Ctrl-C ends it.", soft_wrap=True)


def _tell_of_services(call: Call, sandbox: DiscoverySandbox, url: str) -> None:
    options, out = sandbox.options, call.out
    known = f"client_id {options.client_id}  client_secret {options.client_secret}"
    out.print(f"The registry listens at {url}  {known}", soft_wrap=True)
    for service, collections in sandbox.catalog.items():
        out.print(f"  {service}: {', '.join(collections)}")
    out.print(f"  owners: {', '.join(options.owners)}. Ctrl-C ends it.")
