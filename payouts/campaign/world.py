"""The world of one seed: a copy of the database, a sandbox and a receiver of webhooks, and the clock of them all."""

import multiprocessing
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection

from payouts import webhooks
from payouts.campaign.month import SANDBOX_KEY
from payouts.campaign.parts import Postgres
from payouts.campaign.plan import FAULT_RATES_PPM
from payouts.database_role import ROLE
from payouts.gateway import SignatureInvalid, StripeGateway
from payouts.sandbox import serve
from payouts.sandbox.levers import pull

FORK = multiprocessing.get_context("fork")  # what is imported once is there in every worker
LOOPBACK = "127.0.0.1"
WEBHOOK_SECRET = "whsec_campaign"  # noqa: S105 - of a receiver that lives for seconds
STALL_S = 0.2
IMPATIENT_S, PATIENT_S = 0.12, 10.0
"""How long workers wait for an answer: less than a stalled call takes, and, in the end, longer than any does."""


class Clock:
    """The time of all that belongs to a seed: real time and what it was moved on."""

    def __init__(self) -> None:
        self._ahead_s = FORK.RawValue("q", 0)  # without a lock, which a killed worker would keep

    def now(self) -> datetime:
        """The time, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._ahead_s.value)

    def advance(self, seconds: int) -> None:
        """Move on, for every worker that starts from now on."""
        self._ahead_s.value += seconds


class World:
    """What a seed is played in."""

    def __init__(self, postgres: Postgres, stripe_url: str, clock: Clock) -> None:
        self.postgres, self.stripe_url, self.clock = postgres, stripe_url, clock
        self._may_stall = False

    def gateway(self, read_timeout_s: float = PATIENT_S) -> StripeGateway:
        """Stripe's own client."""
        return StripeGateway(SANDBOX_KEY, self.stripe_url, read_timeout_s)

    def pull(self, lever: str, **arguments: Any) -> dict[str, Any]:
        """Pull a lever of the sandbox."""
        return pull(self.stripe_url, lever, **arguments)

    def begin_faults(self, seed: int) -> None:
        """Let more than a third of all calls fail from now on."""
        self._may_stall = True
        self.pull("faults", seed=seed, rates_ppm=FAULT_RATES_PPM, stall_s=STALL_S)

    def end_faults(self) -> dict[str, int]:
        """Let every call be answered from now on; how many met which fault so far, and how many none."""
        met: dict[str, int] = self.pull("faults")["met"]
        time.sleep(STALL_S)  # for those that still stall
        self._may_stall = False
        return met

    def advance(self, seconds: int) -> None:
        """Let time go by, after every call that is under way."""
        if seconds and self._may_stall:
            time.sleep(STALL_S)
        self.clock.advance(seconds)
        self.pull("clock", advance_s=seconds)


@contextmanager
def world(seed: int, postgres: Postgres, sandbox_state: Path) -> Iterator[World]:
    """A world like the template's, to which Django is connected by the role of servers while it lasts."""
    database, state = f"seed_{seed}", sandbox_state.with_name(f"seed_{seed}.sqlite3")
    postgres.copy(database)
    shutil.copy(sandbox_state, state)
    before = connection.settings_dict["NAME"], connection.settings_dict["USER"]
    connection.settings_dict["NAME"], connection.settings_dict["USER"] = database, ROLE
    clock = Clock()
    try:
        with _background(_sandbox, state) as stripe_url, _background(_receiver, clock) as webhooks_url:
            pull(stripe_url, "webhooks", url=webhooks_url, secret=WEBHOOK_SECRET)
            yield World(postgres, stripe_url, clock)
    finally:
        connection.close()
        connection.settings_dict["NAME"], connection.settings_dict["USER"] = before
        postgres.drop(database)
        state.unlink()


@contextmanager
def _background(serve_there: Any, argument: Any) -> Iterator[str]:
    """Run a server in a fork until the block ends; yields its URL."""
    connection.close()  # a fork must not share it
    told, teller = FORK.Pipe(duplex=False)
    fork = FORK.Process(target=serve_there, args=(argument, teller), daemon=True)
    fork.start()
    try:
        yield told.recv()
    finally:
        fork.kill()
        fork.join()


def _sandbox(state: Path, teller: Connection) -> None:
    with serve(state) as sandbox:
        teller.send(sandbox.url)
        signal.pause()


def _receiver(clock: Clock, teller: Connection) -> None:
    """The page that takes webhooks, by the seed's clock."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(_received(payload, self.headers["Stripe-Signature"], clock.now()))
            self.end_headers()

        def log_message(self, *args: object, **kwargs: object) -> None:
            """Stay silent."""

    server = HTTPServer((LOOPBACK, 0), Receiver)
    teller.send(f"http://{LOOPBACK}:{server.server_port}/")
    server.serve_forever()


def _received(payload: bytes, signature: str, at: datetime) -> HTTPStatus:
    try:
        webhooks.receive(payload, signature, WEBHOOK_SECRET, at)
    except (SignatureInvalid, webhooks.WebhookRefused):
        return HTTPStatus.BAD_REQUEST
    except DatabaseError:  # it was stopped: Stripe sends the event again
        connection.close()
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.OK
