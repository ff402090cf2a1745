"""Adjustments that people decide on: what a takedown takes back of a closed month, what a won appeal makes up for."""

from datetime import datetime

from django.db import transaction

from marketplace.core.periods import Month
from marketplace.models import Contributor, User
from payouts.core.ledger import Account, AccountKind, credited
from payouts.models import Adjustment, AdjustmentReason, Period
from payouts.money_back import PLATFORM, Parts, taken
from payouts.posting import locked_balances, open_period, period_of, post


class AdjustmentRefused(ValueError):
    """The adjustment cannot be recorded; the message says why."""


@transaction.atomic
def record_adjustment(
    contributor: Contributor,
    amount_micro: int,
    month: Month,
    reason: AdjustmentReason,
    note: str,
    recorded_by: User,
    key: str,
    at: datetime,
) -> Adjustment:
    """Credit (or, where negative, take back) an amount of a closed month, in the period that is open now.

    `reason` is a takedown or an appeal, `note` says which. Once per key. What a takedown takes back goes to the
    platform, as what an appeal credits comes from it. Raises `AdjustmentRefused`.
    """
    period = open_period(at)
    entry_key = f"adjustment:{key}"
    known = Adjustment.objects.filter(entry__idempotency_key=entry_key).first()
    if known is not None:
        if (known.contributor_id, known.amount_micro) != (contributor.pk, amount_micro):
            raise AdjustmentRefused(f"{entry_key} is recorded already, as something else: nothing was posted.")
        return known
    if not amount_micro or (amount_micro > 0) != (reason is AdjustmentReason.APPEAL):
        raise AdjustmentRefused("A takedown takes back (give a negative amount), an appeal credits (a positive one).")
    if not note.strip():
        raise AdjustmentRefused("Say which takedown or appeal this is for: contributors read it.")
    origin = period_of(month)
    if origin.state != Period.CLOSED:
        raise AdjustmentRefused(f"{month} is {origin.state}: only a closed month is adjusted.")
    if amount_micro > 0:
        locked_balances([*PLATFORM, Account(AccountKind.PAYABLE, contributor.pk)], period.currency)
        lines = list(credited(contributor.pk, amount_micro, period.currency))
    else:
        lines = taken(Parts({contributor.pk: -amount_micro}, {}), {}, period.currency)
    entry = post("adjustment", period, entry_key, lines, at, origin)
    return Adjustment.objects.create(
        entry=entry,
        reason=reason,
        contributor=contributor,
        amount_micro=amount_micro,
        note=note.strip(),
        recorded_by=recorded_by,
    )
