"""Show the whole of it, from an empty database to a proven mirror."""

from focus_assets.cli.demo.story import demo

__all__ = ["demo"]
