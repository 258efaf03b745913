"""Serve the gateway for writes, and say where."""

from __future__ import annotations

import asyncio
import socket

from focus_assets.cli.call import Call
from focus_assets.model.errors import InvalidConfiguration, MissingExtra
from focus_assets.writeback.logs import log_as_json
from focus_assets.writeback.open import open_writer, settings_of


def run(call: Call, host: str, port: int) -> int:
    """Until Ctrl-C or SIGTERM; OSError where the port is taken."""
    try:
        import uvicorn

        from focus_assets.writeback.gateway import gateway
    except ImportError as error:
        raise MissingExtra("writeback", needed_for="the gateway") from error
    token = settings_of(call.config).token
    if token is None:
        where = str(call.config.file or "the built-in configuration")
        raise InvalidConfiguration(where, "expected a token, or anybody could write", path="writeback.token")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
        shown = f"[{host}]" if ":" in host else host
        call.out.print(f"The gateway listens at http://{shown}:{listener.getsockname()[1]}", soft_wrap=True)
        log_as_json()
        app = gateway(lambda: open_writer(call.config), token)
        # Its own lines would only say again what ours say, and not in JSON.
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        asyncio.run(server.serve(sockets=[listener]))
    return 0 if server.started else 1
