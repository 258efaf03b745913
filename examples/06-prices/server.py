"""Answer as price APIs do: a symbol's prices keyed by day, and a sentence where a key has used up its calls."""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PRICES = Path("prices.json")


def main() -> None:
    """Serve prices.json of this folder until Ctrl-C; it is read for each request."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8006)
    options.add_argument("--calls", type=int, default=1000, help="how many calls a key is good for")
    given = options.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", given.port), handler(given.calls)) as server:
        print(f"prices at http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


def handler(calls: int) -> type[BaseHTTPRequestHandler]:
    """What answers; after so many calls with a sentence, and still with status 200."""
    numbers = count(1)

    class Prices(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            if query.get("apikey") != ["demo"]:
                self.answer(401, {"error": "the key is not known"})
            elif next(numbers) > calls:
                self.answer(200, {"Information": f"the key is good for {calls} calls a day"})
            else:
                self.answer(200, {"prices": json.loads(PRICES.read_text()).get(query["symbol"][0], {})})

        def answer(self, status: int, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Prices


if __name__ == "__main__":
    main()
