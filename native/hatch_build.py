"""Compile the library with cargo, and put it into the wheel of this platform."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = {"darwin": "libfocus_assets_native.dylib", "win32": "focus_assets_native.dll"}.get(
    sys.platform, "libfocus_assets_native.so"
)


class CargoHook(BuildHookInterface[Any]):
    """One library serves every Python: it is called through its C functions."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless only the sources are packed; raises where there is no cargo, or it fails."""
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        try:
            subprocess.run(
                [os.environ.get("CARGO", "cargo"), "build", "--release", "--locked", "--offline", "--quiet"],
                cwd=root,
                check=True,
            )
        except FileNotFoundError:
            sys.exit("cargo is needed to build this (https://www.rust-lang.org/tools/install), and is not there")
        except subprocess.CalledProcessError as error:
            sys.exit(f"cargo could not compile this ({error.returncode}); what it said stands above")
        built = root / "target" / "release" / LIBRARY
        build_data["force_include"][str(built)] = f"focus_assets_native/{LIBRARY}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
