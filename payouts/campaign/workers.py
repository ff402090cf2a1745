"""Errands in forked workers, which die or stop the database where the plan says so."""

import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from multiprocessing.connection import Connection
from typing import Any, cast

from django.db import InterfaceError, OperationalError, connection

from payouts import sending
from payouts.calls import Pace
from payouts.campaign.plan import Act, Doom, Errand, Moment
from payouts.campaign.world import FORK, World
from payouts.gateway import Gateway, GatewayBusy, GatewayRejected, GatewayUnknown
from payouts.models import PayoutRun, Transfer
from payouts.reconciliation import Moving, reconcile
from payouts.reversing import reverse_payout
from payouts.runs import RunRefused
from payouts.webhooks import handle_events

PACE = Pace(calls_a_second=1_000, pause_s=0.005)
LONGEST_S = 120
STOPPED_BY_STRIPE = (GatewayBusy, GatewayUnknown, GatewayRejected, RunRefused, Moving)
"""What an errand may be stopped by: it is run again. Anything else is a finding of the campaign."""
STOPPED_WITH_DATABASE = (InterfaceError, OperationalError)


class Fate:
    """Counts the moments of a worker's life, and strikes at the one that it is doomed to."""

    def __init__(self, doom: Doom | None, world: World) -> None:
        self._doom, self._world, self._left = doom, world, doom.count if doom else 0

    def reach(self, moment: Moment) -> None:
        """Be at a moment; the doomed one is the last."""
        if self._doom is None or self._doom.moment is not moment:
            return
        self._left -= 1
        if self._left == 0:
            if self._doom.stops_database:
                self._world.postgres.stop_hard()
            else:
                os.kill(os.getpid(), signal.SIGKILL)

    def execute(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """A statement to the database, as Django wraps it."""
        self.reach(Moment.STATEMENT)
        return execute(*statement)


class MortalGateway:
    """A gateway before and after each call of which the worker may die."""

    def __init__(self, gateway: Gateway, fate: Fate) -> None:
        self._gateway, self._fate = gateway, fate

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._gateway, name)

        @wraps(call)
        def called(*args: Any, **kwargs: Any) -> Any:
            self._fate.reach(Moment.BEFORE_CALL)
            try:
                return call(*args, **kwargs)
            finally:
                self._fate.reach(Moment.AFTER_CALL)

        return called


def work(
    errands: tuple[Errand, ...], world: World, run: PayoutRun, to_reverse: list[int], read_timeout_s: float
) -> tuple[int, list[str]]:
    """Run errands at once, each in a fork; returns how many workers were killed, and what went wrong."""
    connection.close()  # forks must not share it
    is_stopped = any(errand.doom is not None and errand.doom.stops_database for errand in errands)
    expected = STOPPED_BY_STRIPE + (STOPPED_WITH_DATABASE if is_stopped else ())
    begun = []
    for errand in errands:
        told, teller = FORK.Pipe(duplex=False)
        gateway = world.gateway(read_timeout_s)
        fork = FORK.Process(
            target=_carry_out, args=(errand, world, gateway, run, to_reverse, expected, teller), daemon=True
        )
        fork.start()
        teller.close()
        begun.append((errand, fork, told))
    wrong = []
    for errand, fork, told in begun:
        fork.join(LONGEST_S)
        if fork.is_alive():
            fork.kill()
            fork.join()
            wrong.append(f"A worker that was to {errand.act} hung.")
        with told, suppress(EOFError):  # most have nothing to tell
            wrong.append(f"A worker that was to {errand.act} failed: {told.recv()}")
    return sum(fork.exitcode == -signal.SIGKILL for _, fork, _ in begun), wrong


def _carry_out(
    errand: Errand,
    world: World,
    gateway: Gateway,
    run: PayoutRun,
    to_reverse: list[int],
    expected: tuple[type[Exception], ...],
    teller: Connection,
) -> None:
    fate = Fate(errand.doom, world)
    mortal = cast(Gateway, MortalGateway(gateway, fate))
    try:
        with connection.execute_wrapper(fate.execute):
            _act(errand.act, mortal, world.clock.now(), run, to_reverse)
    except expected:
        pass
    except Exception:
        teller.send(traceback.format_exc())
    os._exit(0)  # nothing of the campaign that it was forked from is its own to end


def _act(act: Act, gateway: Gateway, at: datetime, run: PayoutRun, to_reverse: list[int]) -> None:
    match act:
        case Act.SEND:
            sending.send_payout_run(run.pk, gateway, at, PACE)
        case Act.REVERSE:
            for payout_id in Transfer.objects.filter(payout__in=to_reverse).values_list("payout", flat=True):
                reverse_payout(payout_id, gateway, at)
        case Act.HANDLE_WEBHOOKS:
            handle_events(gateway, at)
        case Act.RECONCILE:
            reconcile(gateway, at, run)
