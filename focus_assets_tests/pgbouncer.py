"""Put PgBouncer between a test and its PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from focus_assets_tests.ports import port_of_our_own
from focus_assets_tests.services import missing

_PROGRAM = shutil.which("pgbouncer", path=f"/usr/sbin:{os.environ.get('PATH', os.defpath)}")
_PATIENCE = 60.0
_SETTINGS = """
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {sessions}
ignore_startup_parameters = options
"""


@contextmanager
def pooled(url: str, mode: str, *, sessions: int) -> Iterator[str]:
    """The database's URL by way of a pooler of so many sessions, which takes no settings at a connection's start."""
    if _PROGRAM is None:
        missing("PgBouncer")
    direct, port = sa.make_url(url), port_of_our_own()
    server = {"host": direct.query.get("host", direct.host), "port": direct.port}
    server |= {"user": direct.username, "password": direct.password}
    parts = " ".join(f"{name}={value}" for name, value in server.items() if value)
    with tempfile.TemporaryDirectory(prefix="focus-pgbouncer-") as folder:
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(_SETTINGS.format(server=parts, port=port, mode=mode, sessions=sessions), encoding="utf-8")
        file.parent.chmod(0o755)
        pooler = direct.set(host="127.0.0.1", port=port, query={})
        host = Path(str(server["host"]))
        others = host.owner() if host.is_absolute() else "nobody"
        user = ["-u", others] if os.geteuid() == 0 else []  # it refuses to run as root
        with subprocess.Popen([_PROGRAM, "-q", *user, str(file)], stderr=subprocess.DEVNULL) as process:
            try:
                _await(process, pooler)
                yield pooler.render_as_string(hide_password=False)
            finally:
                process.kill()


def _await(process: subprocess.Popen[bytes], pooler: sa.URL) -> None:
    import psycopg

    until, url = time.monotonic() + _PATIENCE, pooler.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "PgBouncer has ended"
            assert time.monotonic() < until, "PgBouncer does not answer"
            time.sleep(0.02)
        else:
            return
