"""The peers: what each is called, and the environment in which it runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SCHEMA = "peer"


@dataclass(frozen=True, slots=True)
class Peer:
    """One contender: its folder holds `load.py` and the locked `requirements.txt`; who `merges` takes a delta too."""

    name: str
    title: str
    merges: bool = False

    def python(self, environments: Path) -> Path:
        """The interpreter of its environment, which is made where it is missing or its requirements have changed."""
        wanted, home = HERE / self.name / "requirements.txt", environments / self.name
        python, stamp = home / "bin" / "python", home / "requirements.txt"
        if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
            install = [*(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"), "--require-hashes"]
            subprocess.run([*install, "-r", str(wanted)], check=True)
            subprocess.run([str(python), "-m", "compileall", "-q", str(home / "lib")], check=False)
            stamp.write_bytes(wanted.read_bytes())
        return python

    def command(self, environments: Path, base_url: str, database_url: str, *wish: str) -> list[str]:
        """What loads into `SCHEMA`.promotions; its state goes to the current folder."""
        script = HERE / self.name / "load.py"
        return [str(self.python(environments)), str(script), base_url, database_url, SCHEMA, *wish]


PEERS = (
    Peer("dlt_rest", "dlt rest_api", merges=True),
    Peer("dlt_arrow", "dlt, Arrow by hand", merges=True),
    Peer("meltano", "Meltano SDK tap, target-postgres"),
    Peer("execute_values", "requests + execute_values"),
)
