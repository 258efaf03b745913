"""What is wrong with a call or with the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import ClassVar

from focus_assets.model.errors.root import FocusError, some


class ConfigurationError(FocusError):
    """The call or the configuration is wrong; trying again changes nothing."""


class InvalidConfiguration(ConfigurationError):
    """A file, a key's path in it and what was expected there."""

    def __init__(self, where: str, problem: str, *, path: str = "") -> None:
        self.where, self.path, self.problem = where, path, problem
        super().__init__(": ".join(part for part in (where, path, problem) if part))


class _UnknownName(ConfigurationError):
    noun: ClassVar[str]

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, tuple(known)
        near = difflib.get_close_matches(name, self.known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"there is no {self.noun} {name!r}; known: {some(self.known)}{hint}")


class UnknownSource(_UnknownName):
    """A source that the configuration does not have."""

    noun = "source"


class UnknownResource(_UnknownName):
    """A resource that the API does not have."""

    noun = "resource"


class UnknownPartition(_UnknownName):
    """A country (or other partition) that the source does not have."""

    noun = "partition"


class UnknownEntry(_UnknownName):
    """An entry that `writes` in the configuration does not have."""

    noun = "entry under writes"


class DestinationChanged(ConfigurationError):
    """An entry of `writes` whose rows are at another place than it says now."""

    def __init__(self, entry: str, before: Mapping[str, str], now: Mapping[str, str]) -> None:
        self.entry, self.before, self.now = entry, dict(before), dict(now)
        names = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        was, says = (", ".join(f"{name} {one.get(name, '-')}" for name in names) for one in (before, now))
        super().__init__(
            f"writes.{entry}: its rows were sent with {was}, and now it says {says}: what is there is not known, "
            "and nothing was sent. Put it back, or give the entry another name: what was sent stays where it is"
        )


class ServiceNotFound(_UnknownName):
    """A service that the registry does not have."""

    noun = "service"


class ResourceNotFound(_UnknownName):
    """A resource that the service's descriptor does not have."""

    noun = "resource"


class ClientNotEntered(ConfigurationError):
    """A client that is used before it was entered, or after it was left."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} works within its `with` block alone: enter it before the first call")


class MissingExtra(ConfigurationError):
    """An optional dependency that this configuration needs."""

    def __init__(self, extra: str, *, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs the extra {extra!r}: pip install 'focus-assets[{extra}]'")
