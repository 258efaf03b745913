"""What a broker did not take over."""

from __future__ import annotations

from focus_assets.model.errors.root import FocusError


class BrokerError(FocusError):
    """A message was not taken over; what it would have told is in the tables."""


class BrokerUnreachable(BrokerError):
    """No connection, or no confirmation in time."""


class MessageRefused(BrokerError):
    """No queue for a message, or none that takes it."""
