"""Give Dagster a home of its own, so that whatever else runs on the machine is left alone."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

SETTINGS = "dagster.yaml"
QUIET = "telemetry: {enabled: false}\nnux: {enabled: false}\n"


def dagster_home(root: Path, environ: Mapping[str, str]) -> Path:
    """DAGSTER_HOME, else `.focus/dagster` under `root`; made where it is missing, with the settings of `root`."""
    named = environ.get("DAGSTER_HOME")
    home = Path(named).expanduser() if named else root / ".focus" / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    settings = home / SETTINGS
    if (root / SETTINGS).is_file() and not (named and settings.exists()):
        shutil.copyfile(root / SETTINGS, settings)
    elif not settings.exists():
        settings.write_text(QUIET, encoding="utf-8")
    return home.absolute()
