"""List writes with their ages, work off what is due, and replay what is dead."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import anyio
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from focus_assets.cli.call import Call, print_json
from focus_assets.database.open import Database
from focus_assets.model.errors import DatabaseError, FocusError
from focus_assets.model.stamps import text_of
from focus_assets.writeback import intents, owed
from focus_assets.writeback.intent import ENDED, Intent, State
from focus_assets.writeback.logs import log_as_json
from focus_assets.writeback.saga import SECOND
from focus_assets.writeback.writes import micros_now

STYLES = {State.DONE: "green", State.DEAD: "bold red", State.UNKNOWN: "yellow", State.COMPENSATING: "yellow"}
OPEN = tuple(state for state in State if state not in ENDED)


def state_of(name: str) -> State:
    """A state by its name in any case; raises BadParameter."""
    try:
        return State(name.upper())
    except ValueError:
        raise typer.BadParameter(f"expected one of {', '.join(State)}", param_hint="--state") from None


def show(call: Call, states: Sequence[State], limit: int, *, as_json: bool) -> int:
    """What is open or dead, or what is in the named states; oldest first."""
    owed.insist_on_writes(call.config)
    database = Database(call.config.destination)
    intents.ensure(database)
    found = intents.find(database, states=states or (*OPEN, State.DEAD), limit=limit)
    again = owed.all_confirmed(call.config, database, found)
    if as_json:
        for intent in found:
            print_json({**_record(intent), "confirmed": intent.operation_id in again})
        return 0
    if found:
        call.out.print(_table(found, again))
        call.out.print()
    call.out.print(_counted(call, database))
    return 0


def _counted(call: Call, database: Database) -> str:
    counts = [f"{count:,} {state}" for state, count in intents.counts(database).items() if count]
    if count := owed.count_confirmed(call.config, database):
        counts.append(f"{count:,} confirmed")
    return ", ".join(counts) or "Nothing was written yet."


def work_off(call: Call, *, as_json: bool) -> int:
    """One pass; exit code 1 where something broke or has died in it. For machines each step is a line on stderr."""
    if as_json:
        log_as_json()
    done = anyio.run(owed.work_off, call.config)
    if as_json:
        posted = {what: {"sent": post.sent, "problem": post.problem or None} for what, post in done.posts.items()}
        print_json({"taken": done.taken, "states": dict(done.states), "broken": done.broken, **posted})
    else:
        said = ", ".join(f"{count:,} {state}" for state, count in sorted(done.states.items()))
        call.out.print(f"{done.taken:,} were due{': ' if said else ''}{said}")
        for operation_id, problem in done.broken.items():
            call.err.print(Text(f"{operation_id}: {problem}"), soft_wrap=True)
        for what, post in done.posts.items():
            call.out.print(f"{post.sent:,} {what} were published", soft_wrap=True)
            if post.problem:
                call.err.print(Text(f"{what}: {post.problem}"), soft_wrap=True)
    return 1 if done.broken or done.states[State.DEAD] else 0


def try_again(call: Call, operation_ids: Sequence[str], *, everything: bool) -> int:
    """Let the next pass work on what is dead; exit code 1 where one of them cannot be. Raises DatabaseError."""
    return anyio.run(_replay, call, tuple(operation_ids), everything)


async def _replay(call: Call, operation_ids: tuple[str, ...], everything: bool) -> int:
    owed.insist_on_writes(call.config)
    database, refused = Database(call.config.destination), 0
    intents.ensure(database)
    dead = intents.find(database, states=[State.DEAD], limit=intents.ALL) if everything else []
    for operation_id in (*operation_ids, *(one.operation_id for one in dead)):
        try:
            await owed.replay_one(call.config, database, operation_id)
        except DatabaseError:
            raise
        except (ValueError, FocusError) as error:
            refused += 1
            call.err.print(Text(f"{operation_id}: {error}"), soft_wrap=True)
        else:
            call.out.print(f"{operation_id} is due again")
    return 1 if refused else 0


def _table(found: Sequence[Intent], again: Collection[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    states = [f"{one.state}, confirmed" if one.operation_id in again else str(one.state) for one in found]
    kinds = [one.kind.value for one in found]
    # a narrow terminal takes its width from names and errors: what became of a write is never cut
    whole = {"kind": max(map(len, kinds), default=0), "state": max(map(len, states), default=0)}
    for heading in ("operation", "kind", "key", "state", "age", "tries", "error"):
        side: Literal["left", "right"] = "right" if heading in ("age", "tries") else "left"
        table.add_column(heading, justify=side, no_wrap=heading != "error", min_width=whole.get(heading))
    for one, said in zip(found, states, strict=True):
        state = Text(said, style=STYLES.get(one.state, ""))
        key = Text(f"{one.entry} {one.key}".strip())
        table.add_row(one.operation_id, one.kind.value, key, state, age(one), str(one.attempts), Text(one.error))
    return table


def age(intent: Intent) -> str:
    """Since it was recorded: `42 s`, `7 min`, `3.5 h`."""
    seconds = max(0, micros_now() - intent.created_at) / SECOND
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _record(intent: Intent) -> dict[str, Any]:
    return {
        "operation_id": intent.operation_id,
        "kind": intent.kind.value,
        "entry": intent.entry or None,
        "key": intent.key,
        "transaction_id": intent.target,
        "state": intent.state.value,
        "attempts": intent.attempts,
        "age_seconds": round(max(0, micros_now() - intent.created_at) / SECOND, 3),
        "created_at": text_of(intent.created_at),
        "next_at": None if intent.next_at is None else text_of(intent.next_at),
        "error": intent.error,
    }
