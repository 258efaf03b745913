"""Work off all that is owed: to the cluster, and to each API that gets rows."""

from __future__ import annotations

from collections.abc import Sequence

from focus_assets.config import Config
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseError, FocusError, InvalidConfiguration, UnknownEntry
from focus_assets.writeback import intents
from focus_assets.writeback.confirm import confirmed
from focus_assets.writeback.drain import Pass, drain, replay
from focus_assets.writeback.intent import Intent, State
from focus_assets.writeback.open import open_writer
from focus_assets.writeback.rows import settle
from focus_assets.writeback.rows.confirm import confirmed_rows
from focus_assets.writeback.rows.open import entry_of, open_sender, rules_of
from focus_assets.writeback.rows.send import drain_rows
from focus_assets.writeback.writes import micros_now

LOOKED_AT = 1000  # writes: how many of the newest are looked for in the mirror


def insist_on_writes(config: Config) -> None:
    """Raises InvalidConfiguration where the configuration writes nothing."""
    if config.writeback is None and not config.writes:
        where = str(config.file or "the built-in configuration")
        raise InvalidConfiguration(where, "expected writeback (a cluster that takes writes) or writes (rows to send)")


async def work_off(config: Config) -> Pass:
    """One pass over everything that is due; an API that cannot be opened fails its own entry alone.

    Raises InvalidConfiguration, DatabaseError.
    """
    insist_on_writes(config)
    done = Pass()
    if config.writeback is not None:
        async with open_writer(config) as writer:
            done = await drain(writer)
    for name in config.writes:
        try:
            async with open_sender(config, name) as sender:
                _add(done, await drain_rows(sender))
        except DatabaseError:
            raise
        except FocusError as error:
            done.broken[name] = f"{type(error).__name__}: {error}"
    return done


async def replay_one(config: Config, database: Database, operation_id: str) -> Intent:
    """Let a DEAD intent be tried again by the next pass.

    Raises UnknownOperation, UnknownEntry, ValueError where it is not DEAD, KeyBusy where a later one is open.
    """
    intents.ensure(database)
    intent = intents.read(database, operation_id)
    if not intent.entry:
        async with open_writer(config) as writer:
            return await replay(writer, operation_id)
    again = settle.replayed(intent, micros_now(), rules_of(entry_of(config, intent.entry)))
    return intents.save(database, again, now=micros_now())


def count_due(config: Config, database: Database) -> int:
    """How many intents are due that somebody works on by this configuration."""
    now = micros_now()
    cluster = intents.count_due(database, now) if config.writeback is not None else 0
    return cluster + sum(intents.count_due(database, now, name) for name in config.writes)


def all_confirmed(config: Config, database: Database, found: Sequence[Intent]) -> set[str]:
    """The operations among these that are DONE and that a load of the mirror shows.

    Raises InvalidConfiguration, DatabaseError.
    """
    of_cluster = [intent for intent in found if not intent.entry]
    shown = confirmed(config, database, of_cluster)
    for name in {intent.entry for intent in found if intent.entry}:
        try:
            settings = entry_of(config, name)
        except UnknownEntry:
            continue  # it was taken out of the configuration, and nothing says where its rows are found again
        shown |= confirmed_rows(settings, database, [intent for intent in found if intent.entry == name])
    return shown


def count_confirmed(config: Config, database: Database) -> int:
    """How many of the newest writes that are DONE a load of the mirror shows."""
    newest = intents.find(database, states=[State.DONE], limit=LOOKED_AT, newest=True)
    return len(all_confirmed(config, database, newest))


def _add(done: Pass, more: Pass) -> None:
    done.states.update(more.states)
    done.broken.update(more.broken)
