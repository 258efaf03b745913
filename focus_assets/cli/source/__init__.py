"""Look at one page of a REST or discovered source as it would be stored, and write a first entry for one."""

from focus_assets.cli.source.init import init
from focus_assets.cli.source.trial import trial

__all__ = ["init", "trial"]
