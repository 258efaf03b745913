"""Writes go through what seeds make of a cluster, and end as their callers were told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from focus_assets.sandbox.cluster import Whim
from focus_assets.writeback import intents
from focus_assets.writeback.intent import Kind, State
from focus_assets.writeback.saga import Taken, Terms
from focus_assets.writeback.sinks import Message, Post, undo_of
from focus_assets.writeback.writes import Writer
from focus_assets_tests.simulation.loop import run
from focus_assets_tests.simulation.writes.__main__ import main
from focus_assets_tests.simulation.writes.crew import one_database, play, play_usually
from focus_assets_tests.simulation.writes.schedule import TERMS, Report, Schedule

SEEDS = range(50)
PLACES = ("before a request", "after a request", "before: {}", "before the commit: {}", "after: {}")
COMMITS = ("record an intent", "change an intent", "take an intent that is due")


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    """How the schedules ended."""
    return list(play(SEEDS))


def test_the_cluster_rests_with_exactly_what_is_done(reports: list[Report]) -> None:
    assert {report.seed: report.wrong for report in reports if report.wrong} == {}
    assert sum(report.orphans + report.wrongly_deleted for report in reports) == 0


def test_everything_that_can_happen_to_a_write_has_happened(reports: list[Report]) -> None:
    happened = set().union(*(report.happened for report in reports))
    crashes = {f"crash {place.format(commit)}" for place in PLACES for commit in COMMITS}
    expected = crashes | {whim.value for whim in Whim} | {"pause", "overtaken", "busy", "told nothing", "replayed"}
    assert expected - happened == set()
    manners = {f"the queue {what}" for what in ("refuses", "unheard", "doubles", "loses", "dies")}
    manners |= {f"the log {what}" for what in ("refuses", "unheard", "doubles")} | {"undone by a message"}
    manners |= {"crash before: the queue", "crash before: the log", "crash after: the log"}
    assert manners - happened == set()
    states = sum((report.states for report in reports), start=type(reports[0].states)())
    assert min(states["DONE"], states["COMPENSATED"]) > 50


def test_a_seed_replays_exactly(reports: list[Report]) -> None:
    again = list(play([3, 11, 19]))
    assert [report.events for report in again] == [reports[seed].events for seed in (3, 11, 19)]


@pytest.mark.parametrize("seed", [1349, 1524, 1784, 1992, 1998])
@pytest.mark.parametrize("brokers", [False, True], ids=["alone", "with brokers"])
def test_what_was_found_once_stays_mended(seed: int, brokers: bool) -> None:
    """A sender that stood still, and then a database that failed, or a node that had forbidden the deletion.

    It was found without brokers, which make another schedule of the same seed.
    """
    (report,) = play([seed], brokers=brokers)
    assert report.wrong == []


def test_who_does_not_wait_for_what_is_on_its_way_leaves_orphans() -> None:
    hasty = Terms(lifetime=0, lease=TERMS.lease, give_up=TERMS.give_up, base=TERMS.base, cap=TERMS.cap)
    with one_database() as seam:
        found = [run(Schedule(seed, seam, hasty, brokers=False).play()) for seed in range(20)]
    assert sum(report.orphans for report in found) > 0


def test_who_takes_a_confirmed_undo_for_an_end_leaves_orphans(monkeypatch: pytest.MonkeyPatch) -> None:
    async def trusting(writer: Writer, operation_id: str, undos: Post | None) -> State:
        taken = await writer.save(writer.decide(intents.read(writer.database, operation_id), Taken()))
        if taken.ended or taken.kind is Kind.DELETE or undos is None or not await undos.send(undo_of(taken)):
            return taken.state
        return (await writer.save(replace(taken, state=State.COMPENSATED, next_at=None))).state

    monkeypatch.setattr("focus_assets.writeback.drain._advance", trusting)
    assert sum(report.orphans for report in play(range(20), brokers=True)) > 0


def test_who_forgets_what_is_not_confirmed_loses_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hasty(kept: list[Message], post: Post) -> list[Message]:
        for message in kept:
            await post.send(message)
        return kept

    monkeypatch.setattr("focus_assets.writeback.relay._told", hasty)
    assert any("nobody was told" in said for report in play(range(10), brokers=True) for said in report.wrong)


def test_the_usual_way_leaves_orphans_and_deletes_what_should_live() -> None:
    found = list(play_usually(SEEDS, by_name=True))
    assert sum(orphan for orphan, _ in found) > len(SEEDS) // 10
    assert sum(deleted for _, deleted in found) > len(SEEDS) // 10


@pytest.mark.slow
def test_two_thousand_schedules_end_as_they_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "0-1999", "--jobs", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2,000 schedules, 0 orphans, 0 wrongly deleted"
