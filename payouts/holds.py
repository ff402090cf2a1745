"""Holds: parts of a contributor's balance that are not paid out until somebody decides, with who and why."""

from datetime import datetime

from django.db import transaction

from marketplace.core.money import format_micro
from marketplace.models import Contributor, User
from payouts.core import ledger
from payouts.core.ledger import Account, AccountKind
from payouts.mail_events import holds_ended, holds_placed
from payouts.models import Hold, HoldEnd
from payouts.posting import locked_balances, open_period, post


class HoldRefused(ValueError):
    """The hold cannot be placed or ended; the message says why."""


@transaction.atomic
def place_hold(
    contributor: Contributor, amount_micro: int, reason: str, placed_by: User, key: str, at: datetime
) -> Hold:
    """Keep so much of a contributor's payable balance from being paid out, once per key. Raises `HoldRefused`."""
    period = open_period(at)
    entry_key = f"hold:{key}"
    known = Hold.objects.filter(entry__idempotency_key=entry_key).first()
    if known is not None:
        if (known.contributor_id, known.amount_micro) != (contributor.pk, amount_micro):
            raise HoldRefused(f"{entry_key} is {known} already, which is another one: nothing was posted.")
        return known
    if not reason.strip():
        raise HoldRefused("Say why: the contributor reads it.")
    kinds = (AccountKind.PAYABLE, AccountKind.HELD)
    balances = locked_balances([Account(kind, contributor.pk) for kind in kinds], period.currency)
    payable_micro = balances[Account(AccountKind.PAYABLE, contributor.pk)]
    if not 0 < amount_micro <= payable_micro:
        raise HoldRefused(
            f"{format_micro(amount_micro)} {period.currency} cannot be held: {contributor} has "
            f"{format_micro(payable_micro)} {period.currency} payable. Give more than zero and at most that."
        )
    lines = ledger.hold_placed({contributor.pk: amount_micro}, period.currency)
    hold = Hold.objects.create(
        contributor=contributor,
        amount_micro=amount_micro,
        currency=period.currency,
        reason=reason.strip(),
        placed_by=placed_by,
        placed_at=at,
        entry=post("hold", period, entry_key, lines, at),
    )
    holds_placed([hold])
    return hold


@transaction.atomic
def end_hold(hold: Hold, outcome: str, reason: str, ended_by: User, at: datetime) -> HoldEnd:
    """Make what is held payable again (`released`) or give it to the platform (`taken`), once. Raises `HoldRefused`.

    What a dispute put on hold is taken when that is lost, and by nobody before: it would be taken twice.
    """
    period = open_period(at)
    known = HoldEnd.objects.filter(hold=hold).first()
    if known is not None:
        raise HoldRefused(f"{hold} has ended already: it was {known.outcome}.".capitalize())
    if outcome == HoldEnd.TAKEN and hold.dispute_id is not None:
        raise HoldRefused(f"{hold} is of a dispute, which takes it where it is lost: release it, or wait.".capitalize())
    if not reason.strip():
        raise HoldRefused("Say why: the contributor reads it.")
    kinds = (AccountKind.PAYABLE, AccountKind.HELD)
    accounts = [Account(AccountKind.PLATFORM_REVENUE), *(Account(kind, hold.contributor_id) for kind in kinds)]
    locked_balances(accounts, period.currency)
    amounts_micro = {hold.contributor_id: hold.amount_micro}
    lines = list(ledger.hold_released(amounts_micro, period.currency))
    if outcome == HoldEnd.TAKEN:
        lines += ledger.given_back(amounts_micro, {}, 0, period.currency)
    end = HoldEnd.objects.create(
        hold=hold,
        outcome=outcome,
        reason=reason.strip(),
        ended_by=ended_by,
        ended_at=at,
        entry=post(f"hold_{outcome}", period, f"hold_ended:{hold.pk}", lines, at),
    )
    holds_ended([end])
    return end
