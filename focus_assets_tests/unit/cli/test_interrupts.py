"""Ctrl-C is kept until it can be heeded."""

from __future__ import annotations

import signal

import pytest

from focus_assets.cli.demo.interrupts import kept


def test_the_first_waits_until_it_is_heeded() -> None:
    with kept() as interrupts:
        interrupts.heed()
        signal.raise_signal(signal.SIGINT)
        assert interrupts.asked
        with pytest.raises(KeyboardInterrupt):
            interrupts.heed()


def test_the_second_does_not_wait() -> None:
    with kept():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_it_is_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with kept():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
