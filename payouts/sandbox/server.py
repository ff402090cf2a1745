"""HTTP in and out. One connection carries one request, so that closing the server cuts nobody off half-way."""

import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

from payouts.sandbox import checkout_page, control, onboarding
from payouts.sandbox.answers import Answer
from payouts.sandbox.api import Api, Request
from payouts.sandbox.checkout import PAGE_PATH
from payouts.sandbox.control import Control
from payouts.sandbox.faults import Fault
from payouts.sandbox.state import State, new_id

LOOPBACK = "127.0.0.1"
# The API version that the sandbox's shapes follow, told to a client that names none.
API_VERSION = "2026-10-28.endive"
ONBOARDING_PATH = "/onboarding/"


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    api: Api
    control: Control


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith(ONBOARDING_PATH):
            self._write(onboarding.show(self._api.state, url.path.removeprefix(ONBOARDING_PATH)))
        elif url.path.startswith(PAGE_PATH):
            self._write(checkout_page.show(self._api.state, url.path.removeprefix(PAGE_PATH)))
        else:
            self._answer_api(url.path, url.query)

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode(errors="replace")
        if url.path.startswith(ONBOARDING_PATH):
            self._write(onboarding.submit(self._api.state, url.path.removeprefix(ONBOARDING_PATH), body))
            self._control.deliveries.wake()
        elif url.path.startswith(PAGE_PATH):
            self._write(checkout_page.submit(self._api.state, url.path.removeprefix(PAGE_PATH), body))
            self._control.deliveries.wake()
        elif url.path.startswith(control.PATH):
            self._write(self._control.answer(url.path, body))
            self._control.deliveries.wake()
        else:
            self._answer_api(url.path, body)

    def log_message(self, *args: object, **kwargs: object) -> None:
        """Stay silent: the caller's log tells what was asked, and the demo shows its own progress."""

    @property
    def _api(self) -> Api:
        return cast(_Server, self.server).api

    @property
    def _control(self) -> Control:
        return cast(_Server, self.server).control

    def _answer_api(self, path: str, parameters: str) -> None:
        """Answer, unless a fault cuts the connection before the execution or after it."""
        request = Request(
            method=self.command,
            path=path,
            parameters=parameters,
            authorization=self.headers.get("Authorization", ""),
            idempotency_key=self.headers.get("Idempotency-Key"),
        )
        plan = self._control.faults
        fault = plan.draw(f"{request.method} {request.path} {request.idempotency_key}")
        if fault is Fault.DROPPED_BEFORE:
            return
        if fault is Fault.STALLED:
            time.sleep(plan.stall_s)
        answer = self._api.answer(request, fault)
        if self.command == "POST":
            self._control.deliveries.wake()
        if fault is not Fault.DROPPED_AFTER:
            self._write(answer)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        headers = {
            **answer.headers,
            "Content-Length": str(len(answer.body)),
            "Request-Id": new_id("req", 14),
            "Stripe-Version": self.headers.get("Stripe-Version", API_VERSION),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # a client that has given up does not read
            self.end_headers()
            self.wfile.write(answer.body)


class Sandbox:
    """A running sandbox; a context manager that closes it."""

    def __init__(self, state_path: Path, port: int) -> None:
        self._server = _Server((LOOPBACK, port), _Handler)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        try:
            self.api = self._server.api = Api(State(state_path), self.url)
            self._server.control = Control(self.api.state)
        except BaseException:
            self._server.server_close()
            raise
        # A short poll, because closing waits for one to end.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, finish the write under way and close the state file."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.control.deliveries.close()
        self.api.state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(state: Path, port: int = 0) -> Sandbox:
    """Start a sandbox on 127.0.0.1 that keeps its state in the file `state`; port 0 takes a free one.

    Raises OSError if the port is taken, sqlite3.OperationalError if another sandbox uses the file, and
    sqlite3.DatabaseError if the file is something else.
    """
    return Sandbox(state, port)
