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
    """One contender: its folder holds `load.py` and the locked `requirements.txt`."""

    name: str
    title: str
    arguments: tuple[str, ...] = ()

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

    def command(self, environments: Path, base_url: str, database_url: str) -> list[str]:
        """What loads into `SCHEMA`.promotions; its state goes to the folder that FOLDER names."""
        script = HERE / self.name / "load.py"
        return [str(self.python(environments)), str(script), base_url, database_url, SCHEMA, *self.arguments]


PEERS = (
    Peer("dlt_rest", "dlt rest_api"),
    Peer("dlt_arrow", "dlt, Arrow by hand"),
    Peer("meltano", "Meltano SDK tap, target-postgres"),
    Peer("execute_values", "requests + execute_values"),
)
