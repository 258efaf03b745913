"""The `focus` command."""

from focus_assets.cli.app import main

__all__ = ["main"]
