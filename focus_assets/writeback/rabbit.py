"""Publish to RabbitMQ: confirmed, to a quorum queue, and an error where no queue takes it.

https://www.rabbitmq.com/docs/confirms and https://www.rabbitmq.com/docs/quorum-queues
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractQueue, FieldValue
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPChannelError, AMQPError, ChannelInvalidStateError, DeliveryError

from focus_assets.config import Broker
from focus_assets.model.errors import BrokerUnreachable, MessageRefused
from focus_assets.writeback.sinks import Message

_QUORUM: dict[str, FieldValue] = {"x-queue-type": "quorum"}


@dataclass(frozen=True, slots=True)
class Places:
    """Where undos are published, where they are taken from, and where those lie that could not be taken."""

    entrance: AbstractExchange
    queue: AbstractQueue
    grave: AbstractQueue


async def declare(channel: AbstractChannel, settings: Broker) -> Places:
    """Make what is missing; whoever comes first does it, publisher or consumer. Raises what aio-pika raises."""
    to_grave = await channel.declare_exchange(settings.to_grave, aio_pika.ExchangeType.FANOUT, durable=True)
    grave = await channel.declare_queue(settings.grave, durable=True, arguments=dict(_QUORUM))
    await grave.bind(to_grave)
    entrance = await channel.declare_exchange(settings.entrance, aio_pika.ExchangeType.DIRECT, durable=True)
    limits: dict[str, FieldValue] = {
        "x-dead-letter-exchange": settings.to_grave,
        # It asks for reject-publish: https://www.rabbitmq.com/docs/quorum-queues#dead-lettering
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-delivery-limit": settings.delivery_limit,
        "x-max-length": settings.longest_queue,
    }
    queue = await channel.declare_queue(settings.queue, durable=True, arguments=_QUORUM | limits)
    await queue.bind(entrance, routing_key=settings.queue)
    return Places(entrance, queue, grave)


class RabbitSink:
    """Connects when there is something to publish, and again after it failed."""

    def __init__(self, settings: Broker) -> None:
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # it would say as an error of its own what we raise
        self._settings = settings
        self._opening = anyio.Lock()
        self._connection: AbstractConnection | None = None
        self._places: Places | None = None

    @property
    def shown(self) -> str:
        """Address and queue."""
        return f"{self._settings.shown} ({self._settings.queue})"

    async def publish(self, message: Message) -> None:
        """Raises BrokerUnreachable, MessageRefused."""
        whole = aio_pika.Message(
            message.body.encode(),
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=message.name,
            correlation_id=message.transaction_id,
        )
        try:
            with translated(self._settings), anyio.fail_after(self._settings.seconds):
                places = await self._ready()
                await places.entrance.publish(whole, routing_key=self._settings.queue, mandatory=True)
        except (BrokerUnreachable, MessageRefused):
            await self.aclose()  # the next one makes anew what is missing
            raise

    async def aclose(self) -> None:
        """Leave the broker."""
        connection, self._connection, self._places = self._connection, None, None
        if connection is not None:
            await self._leave(connection)

    async def _ready(self) -> Places:
        async with self._opening:
            if self._places is None or self._connection is None or self._connection.is_closed:
                connection = aio_pika.Connection(make_url(self._settings.whole_url))
                try:
                    await connection.connect()
                    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    self._places = await declare(channel, self._settings)
                except BaseException:
                    await self._leave(connection)
                    raise
                self._connection = connection
            return self._places

    async def _leave(self, connection: AbstractConnection) -> None:
        """Close it, whatever became of it: aio-pika closes what is collected in whichever thread collects it."""
        with anyio.move_on_after(self._settings.seconds, shield=True):
            await connection.close()


@contextmanager
def translated(settings: Broker) -> Iterator[None]:
    """What aio-pika and the sockets raise comes out as BrokerUnreachable or MessageRefused, without the URL."""
    try:
        yield
    except DeliveryError as error:
        raise MessageRefused(f"{settings.shown}: the message went into no queue, or the queue is full") from error
    except TimeoutError as error:
        raise BrokerUnreachable(f"{settings.shown}: nothing was heard within {settings.seconds:g} s") from error
    except AMQPChannelError as error:
        raise MessageRefused(f"{settings.shown}: {error}") from error
    except (AMQPError, ChannelInvalidStateError, OSError) as error:
        raise BrokerUnreachable(f"{settings.shown}: {type(error).__name__}") from error
