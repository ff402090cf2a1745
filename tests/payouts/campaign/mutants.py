"""Three bad designs of the worker that sends, which the campaign must find out; each is a small substitute.

python -m tests.payouts.campaign.mutants MUTANT SEEDS [until-caught], such as `call_then_save 1-50`
"""

import sys
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from payouts.campaign.__main__ import tell
from payouts.campaign.parts import own_parts
from payouts.campaign.plan import seeds_of
from payouts.core import outcomes
from payouts.core.outcomes import Step


def without_the_23_hour_rule() -> None:
    """An attempt of which nothing is known goes out under its key again, however old it is."""
    from payouts import sending

    def next_step(first_sent_at: datetime, unknown_since_at: datetime | None, at: datetime) -> Step:
        step = outcomes.next_step(first_sent_at, unknown_since_at, at)
        return Step.SEND if step is Step.LOOK_THEN_WAIT else step

    setattr(sending, "next_step", next_step)  # noqa: B010 - it is sending's by import


def one_key_without_listing() -> None:
    """Each payout has one key for good, and nobody asks Stripe what became of it."""
    from payouts import attempts
    from payouts.gateway import GatewayRejected

    def send(payout_id: int, create: Callable[..., object], at: Callable[[], datetime]) -> None:
        attempt = attempts.reserve(payout_id, at())
        if attempt is None:
            return
        try:
            receipt = create(**attempts.request_of(attempt.payout), idempotency_key=f"payout:{payout_id}")
        except GatewayRejected as error:
            attempts.reject(attempt.pk, error, at(), is_final=error.code != "balance_insufficient")
        else:
            attempts.confirm(attempt.pk, receipt, at())  # type: ignore[arg-type]

    _send_each_by(send)


def call_then_save() -> None:
    """Stripe is called first, and then it is written down: a shape found in public code."""
    from payouts import attempts
    from payouts.models import Payout

    def send(payout_id: int, create: Callable[..., object], at: Callable[[], datetime]) -> None:
        payout = Payout.objects.select_related("run", "connected_account").get(pk=payout_id)
        receipt = create(**attempts.request_of(payout), idempotency_key=str(uuid4()))
        attempt = attempts.reserve(payout_id, at())
        assert attempt is not None
        attempts.confirm(attempt.pk, receipt, at())  # type: ignore[arg-type]

    _send_each_by(send)


def _send_each_by(send: Callable[[int, Callable[..., object], Callable[[], datetime]], None]) -> None:
    """Send a run by going once through what is not sent; what fails is tried again when it is sent again."""
    from contextlib import suppress

    from payouts import sending
    from payouts.calls import Calls, Pace
    from payouts.gateway import Gateway, GatewayBusy, GatewayRejected, GatewayUnknown
    from payouts.models import PayoutRun

    def send_payout_run(run_id: int, gateway: Gateway, at: datetime, pace: Pace = sending.PACE) -> PayoutRun:
        calls = Calls(gateway, at, pace)
        run = sending._sending(run_id)
        for payout_id in list(sending.sendable(run, calls.now()).values_list("pk", flat=True)):
            with suppress(GatewayBusy, GatewayUnknown, GatewayRejected):
                send(payout_id, calls.next().create_transfer, calls.now)
        return sending._settled_if_all_ended(run_id, calls.now())

    sending.send_payout_run = send_payout_run


MUTANTS = {mutate.__name__: mutate for mutate in (without_the_23_hour_rule, one_key_without_listing, call_then_save)}


def main(mutant: str, seeds: str, until: str = "") -> None:
    """Play the seeds with a mutant and count those that paid twice; with `until-caught`, no seed after the first."""
    with own_parts() as folder:
        from payouts.campaign.seeds import play_seeds, sum_of

        MUTANTS[mutant]()
        verdicts = []
        for verdict in play_seeds(seeds_of(seeds), folder, tell):
            verdicts.append(verdict)
            if until and verdict.paid_twice_minor:
                break
        tell(f"{sum_of(verdicts)} {sum(verdict.paid_twice_minor > 0 for verdict in verdicts)} seeds paid twice.")


if __name__ == "__main__":
    main(*sys.argv[1:])
