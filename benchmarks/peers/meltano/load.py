"""Load the promotions with Meltano's SDK into its PostgreSQL target: `python load.py BASE_URL DATABASE_URL SCHEMA`.

The target copies (`use_copy`), in batches of 50,000, and neither validates the records nor adds metadata to them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def main(base_url: str, database_url: str, schema: str) -> int:
    tap, target = Path("tap.json"), Path("target.json")
    tap.write_text(json.dumps({"base_url": base_url}))
    wanted = {
        "sqlalchemy_url": database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        "default_target_schema": schema,
        "use_copy": True,
        "load_method": "overwrite",
        "batch_size_rows": 50_000,
        "validate_records": False,
        "add_record_metadata": False,
        "activate_version": False,
    }
    target.write_text(json.dumps(wanted))
    here, programs = Path(__file__).parent, Path(sys.executable).parent
    reading = [sys.executable, str(here / "tap.py"), "--config", str(tap)]
    writing = [str(programs / "target-postgres"), "--config", str(target)]
    with (
        subprocess.Popen(reading, stdout=subprocess.PIPE) as source,
        subprocess.Popen(writing, stdin=source.stdout) as sink,
    ):
        assert source.stdout is not None
        source.stdout.close()
    return source.returncode or sink.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
