"""Take undos off the queue on the cluster's side: delete the group if it is there, and acknowledge after that."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aio_pika
import anyio
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from focus_assets.config import Broker
from focus_assets.writeback.rabbit import declare, translated

_AT_ONCE = 16
_log = logging.getLogger(__name__)

Delete = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Consumer:
    """Deletes the group of a transaction id at every node; `delete` may be called again for the same one."""

    delete: Delete

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Whoever dies in here gets it again; what nobody can take becomes a dead letter."""
        try:
            await self._take(message)
        except (AMQPError, ChannelInvalidStateError) as error:
            _log.warning("the broker was gone, and sends message %s again: %s", message.message_id, error)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        try:
            transaction_id = transaction_of(message.body)
        except ValueError as error:
            _log.error("message %s is no undo: %s", message.message_id, error)
            await message.reject(requeue=False)
            return
        try:
            await self.delete(transaction_id)
        except Exception:  # noqa: BLE001 (whatever it is, others may fare better)
            _log.exception("transaction %s was not undone", transaction_id, extra={"transaction_id": transaction_id})
            await message.nack(requeue=True)  # until the queue's delivery limit
        else:
            await message.ack()


@asynccontextmanager
async def taking(settings: Broker, delete: Delete) -> AsyncIterator[None]:
    """Work on the queue, and come back to it when the broker was away. Raises BrokerError where it is not there yet."""
    async with AsyncExitStack() as stack:
        with translated(settings), anyio.fail_after(settings.seconds):
            robust = aio_pika.RobustConnection(make_url(settings.whole_url))
            connection = await stack.enter_async_context(robust)  # before it connects, as it tries for ever
            await connection.connect()
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=_AT_ONCE)
            places = await declare(channel, settings)
            await places.queue.consume(Consumer(delete).take)
        yield


def transaction_of(body: bytes) -> str:
    """The transaction id that a message names. Raises ValueError where it names none."""
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    found = value.get("transaction_id") if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        raise ValueError('expected {"transaction_id": "…"}')
    return found
