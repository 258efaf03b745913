"""An error says what is known, and what became of what was asked for."""

from __future__ import annotations

from focus_assets.model.errors import OutdatedPlan, UnknownEntry


def test_an_unknown_name_says_which_are_known() -> None:
    assert str(UnknownEntry("offers", [])) == "there is no entry under writes 'offers'; known: none"
    assert str(UnknownEntry("ofers", ["offers"])).endswith("known: offers; did you mean 'offers'?")
    many = UnknownEntry("x", [f"entry{number:02}" for number in range(20)])
    assert str(many).endswith("entry11 and 8 more")


def test_a_plan_that_came_too_late_names_the_row_and_sent_nothing() -> None:
    error = OutdatedPlan("offers", '["a"]')
    assert (error.entry, error.key) == ("offers", '["a"]')
    assert str(error) == "offers '[\"a\"]': another process has sent it meanwhile; nothing was sent"
