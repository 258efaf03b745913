"""Run Dagster's UI and daemon on the project's definitions, with the sandbox beside them, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.text import Text

from focus_assets.cli.call import SANDBOX, Call
from focus_assets.cli.instance import dagster_home
from focus_assets.cli.schema import refresh
from focus_assets.defs.pools import limit_pools
from focus_assets.defs.snapshots import known_schemas
from focus_assets.sandbox import Sandbox, SandboxOptions, SandboxServer

HOST = "127.0.0.1"
SUPERSEDED = "ignore:Function `dev_command` is superseded"  # by a command of another package
UI_PORT, SANDBOX_PORT = 3000, 8765
ENDING_SECONDS = 20.0
LOOK_SECONDS = 0.5
TERMINATED = 128 + signal.SIGTERM


class Terminated(SystemExit):
    """SIGTERM came."""

    def __init__(self) -> None:
        super().__init__(TERMINATED)


def dev(call: Call, port: int | None, drift: tuple[float, int] | None) -> int:
    """The exit code of `dagster dev` where it ends by itself."""
    with _terminable(), _sandbox(call, drift) as there:
        if any(known_schemas(there.config, name).problem for name in there.config.sources):
            refresh(there)
        limit_pools(there.config, dagster_home(Path.cwd(), there.environ))
        return _serve(call, port or free_port(UI_PORT), {**there.environ, **_environment(there)})


def _environment(call: Call) -> dict[str, str]:
    named = {"FOCUS_CONFIG": str(call.config.file)} if call.config.file else {}
    home = str(dagster_home(Path.cwd(), call.environ))
    return {**named, "FOCUS_RUNNING": "1", "DAGSTER_HOME": home, "DAGSTER_DISABLE_TELEMETRY": "yes"}


def _serve(call: Call, port: int, environ: Mapping[str, str]) -> int:
    workspace = ["-w", "workspace.yaml"] if Path("workspace.yaml").is_file() else ["-m", "focus_assets.definitions"]
    command = [sys.executable, "-W", SUPERSEDED, "-m", "dagster", "dev", *workspace, "-h", HOST, "-p", str(port)]
    # A session of its own: Ctrl-C reaches us alone, and we end it in our order.
    child = subprocess.Popen(command, env=dict(environ), start_new_session=True)
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(call, port, ended))
    teller.start()
    try:
        return child.wait()
    finally:
        ended.set()
        end_group(child)
        teller.join()


def _tell(call: Call, port: int, ended: threading.Event) -> None:
    """Say where the UI is as soon as it is there."""
    while not ended.wait(LOOK_SECONDS):
        if _answers(port):
            call.err.print(Text(f"\nDagster's UI: http://{HOST}:{port}   Ctrl-C ends everything.\n", style="bold"))
            return


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Kindly; what does not end in time is killed, with its children: it leads a session of its own."""
    if child.poll() is None:
        child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(ENDING_SECONDS)
    _kill_group(child.pid)
    child.wait()


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def _sandbox(call: Call, drift: tuple[float, int] | None) -> Iterator[Call]:
    """The call with FOCUS_BASE_URL at a sandbox, where the configuration asks for it and nobody has set it."""
    port = free_port(SANDBOX_PORT)
    url = f"http://{HOST}:{port}"
    there = Call(call.config_file, {**call.environ, "FOCUS_BASE_URL": url})
    wanted = any(source.base_url == url for source in there.config.sources.values())
    if call.environ.get("FOCUS_BASE_URL") or not wanted:
        yield call
        return
    with SandboxServer(Sandbox(SandboxOptions(username=SANDBOX, password=SANDBOX, drift=drift)), port=port):
        call.err.print(Text(f"The sandbox: {url} (username and password: {SANDBOX})"))
        yield there


def free_port(wanted: int) -> int:
    """That port where nobody listens there, else another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            return free_port(0)
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(LOOK_SECONDS)
        return probe.connect_ex((HOST, port)) == 0


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends us as Ctrl-C does: with everything that we have started."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    # A shell's background job ignores Ctrl-C, and so would Dagster, for SIGTERM too.
    wanted = {signal.SIGTERM: stop, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
