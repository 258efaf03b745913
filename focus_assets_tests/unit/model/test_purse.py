"""A purse is empty when what it allows has been spent, and says what that was."""

from __future__ import annotations

from focus_assets.model.purse import Purse


def test_without_bounds_it_is_never_empty() -> None:
    purse = Purse(requests=10**6, bytes=10**9)
    assert not purse.empty
    assert str(purse) == "1,000,000 requests, 1,000,000,000 bytes"


def test_it_is_empty_when_the_last_request_has_left() -> None:
    purse = Purse(most_requests=2)
    purse.pay_request()
    assert not purse.empty
    purse.pay_request()
    assert purse.empty
    assert str(purse) == "2 of 2 requests, 0 bytes"


def test_it_is_empty_when_the_bytes_are_spent_or_overspent() -> None:
    purse = Purse(most_bytes=1_000)
    purse.pay_bytes(999)
    assert not purse.empty
    purse.pay_bytes(501)
    assert purse.empty
    assert str(purse) == "0 requests, 1,500 of 1,000 bytes"
