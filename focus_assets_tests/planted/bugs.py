"""Read the planted bugs: one small wrong in the core each, and the rule that it breaks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

BUGS = Path(__file__).parent / "bugs.toml"
PACKAGE = "focus_assets"


@dataclass(frozen=True, slots=True)
class Bug:
    """A wrong: these lines of a file of the package become those; `tests` are tried first of all."""

    name: str
    file: str
    right: str
    wrong: str
    rule: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file, from the repository's folder."""
        return Path(PACKAGE) / self.file

    def plant(self, source: str) -> str:
        """The file's text with the wrong in it; ValueError where the right lines are not there exactly once."""
        if (times := source.count(self.right)) != 1:
            raise ValueError(f"{self.name}: its lines are {times} times in {self.file}, not once:\n{self.right}")
        return source.replace(self.right, self.wrong)


def read_bugs() -> list[Bug]:
    """All of them, in the file's order."""
    found = tomllib.loads(BUGS.read_text(encoding="utf-8"))
    return [_bug(one, found["tests"]) for one in found["bug"]]


def _bug(found: dict[str, str], usual: dict[str, list[str]]) -> Bug:
    tests = [found["test"]] if "test" in found else usual.get(found["file"], [])
    return Bug(found["name"], found["file"], found["right"], found["wrong"], found["rule"], tuple(tests))
