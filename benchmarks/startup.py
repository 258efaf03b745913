"""Measure what starting costs, beside Dagster's own: `python -m benchmarks.startup [--rounds N]`.

Every contender in turn, round after round, after one round that is not counted: byte code is compiled then.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.meter import Cost, measure
from focus_assets.sandbox import Sandbox, SandboxOptions, SandboxServer, Sizes

USER = "sandbox"  # whose schema Dagster knows without asking
FLOOR = """
import dagster as dg

@dg.asset
def empty() -> None: ...

defs = dg.Definitions(assets=[empty], executor=dg.in_process_executor)
"""
CONFIGURATION = """
sources:
  retail:
    kind: exchange
    base_url: {url}
    business_service: retail
    auth: {{kind: focus, username: sandbox, password: sandbox}}
    countries: [{countries}]
    resources: [promotions]
destination:
  url: sqlite:///focus.db
"""
DAGSTER = (sys.executable, "-m", "dagster", "asset", "materialize")
CONTENDERS: Mapping[str, tuple[str, ...]] = {
    "focus --help": (sys.executable, "-c", "from focus_assets.cli import main; main(['--help'])"),
    "import dagster": (sys.executable, "-c", "import dagster"),
    "import focus_assets.definitions": (sys.executable, "-c", "import focus_assets.definitions"),
    "materialize an empty asset": (*DAGSTER, "-f", "floor.py", "--select", "empty"),
    "materialize one partition": (
        *(*DAGSTER, "-m", "focus_assets.definitions"),
        *("--select", "key:retail/promotions", "--partition", "DE"),
    ),
}


@dataclass(frozen=True, slots=True)
class Medians:
    """Seconds: by the clock, and of the processor."""

    wall: float
    cpu: float


def main() -> int:
    """Of a busy machine the processor's seconds say more than those of the clock."""
    asked = _arguments()
    costs = _measured(asked.rounds)
    medians = {name: Medians(median(c.wall for c in all_), median(c.cpu for c in all_)) for name, all_ in costs.items()}
    table = Table("", "seconds", "of the processor", title=f"starting, medians of {asked.rounds}")
    for name, found in medians.items():
        table.add_row(name, f"{found.wall:.2f}", f"{found.cpu:.2f}")
    above = medians["materialize one partition"].cpu - medians["materialize an empty asset"].cpu
    table.add_row("one partition, above the empty asset", "", f"{above:.2f}")
    Console(width=110).print(table)
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-startup.json"
    said = {
        "medians": {name: asdict(found) for name, found in medians.items()},
        "above": above,
        "runs": {name: [{**asdict(cost), "said": ""} for cost in found] for name, found in costs.items()},
    }
    file.write_text(json.dumps(said, indent=1), encoding="utf-8")
    return 0


def _measured(rounds: int) -> dict[str, list[Cost]]:
    options = SandboxOptions(sizes=Sizes(promotions=400), username=USER, password=USER, countries=("DE",))
    with tempfile.TemporaryDirectory(prefix="focus-bench-") as folder, SandboxServer(Sandbox(options)) as server:
        home = Path(folder)
        (home / "dagster").mkdir()
        (home / "floor.py").write_text(FLOOR, encoding="utf-8")
        (home / "focus.yaml").write_text(CONFIGURATION.format(url=server.url, countries="DE"), encoding="utf-8")
        taken = [{name: _started(command, home) for name, command in CONTENDERS.items()} for _ in range(rounds + 1)]
    return {name: [costs[name] for costs in taken[1:]] for name in CONTENDERS}


def _started(command: tuple[str, ...], home: Path) -> Cost:
    (home / "focus.db").unlink(missing_ok=True)  # each time a first load
    env = {
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "FOCUS_CONFIG": str(home / "focus.yaml"),
    }
    return measure([str(home / word) if word == "floor.py" else word for word in command], env=env)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(".artifacts/bench"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
