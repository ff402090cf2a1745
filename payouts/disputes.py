"""Disputes: Stripe takes the money at once, and gives it back where the dispute is won.

While a dispute of a closed month is open, what contributors had of it is on hold.
"""

from datetime import datetime

from django.db import transaction

from marketplace.core.money import Money, format_micro
from marketplace.models import Download
from payouts.core import ledger
from payouts.core.ledger import Account, AccountKind
from payouts.mail_events import holds_ended, holds_placed
from payouts.models import AdjustmentReason, DisputeOutcome, Entry, Hold, HoldEnd, Period, RevenueEvent, RevenueKind
from payouts.money_back import PLATFORM, MoneyBackRefused, claim_back, known_event, lock, parts_of, taken
from payouts.posting import locked_balances, locked_period, open_period, post


@transaction.atomic
def record_dispute(download: Download, amount_minor: int, fee_minor: int, key: str, at: datetime) -> RevenueEvent:
    """Record that a customer disputes so much of a download, once per key, which names the dispute at Stripe.

    `fee_minor` is what Stripe charges for the dispute; the platform bears it. Raises `MoneyBackRefused`.
    """
    lock(download)
    entry_key = f"dispute:{key}"
    known = known_event(entry_key, download, amount_minor)
    if known is not None:
        return known
    if fee_minor < 0:
        raise MoneyBackRefused(f"A fee of {fee_minor} minor units is none: give zero or more.")
    claim = claim_back(download, amount_minor, at)
    currency = claim.period.currency
    lines = list(ledger.money_back(amount_minor, fee_minor, currency))
    held_micro = _to_hold(download, claim.origin, amount_minor) if claim.origin else {}
    if held_micro:
        lines += ledger.hold_placed(held_micro, currency)
    entry = post("dispute", claim.period, entry_key, lines, at, claim.origin)
    dispute = claim.event(RevenueKind.DISPUTE, entry, at)
    holds = Hold.objects.bulk_create(
        Hold(
            contributor_id=pk,
            amount_micro=amount_micro,
            currency=currency,
            reason=f"A customer disputes {Money(amount_minor, currency)} of {download}.",
            dispute=dispute,
            placed_at=at,
            entry=entry,
        )
        for pk, amount_micro in held_micro.items()
    )
    holds_placed(holds)
    return dispute


def _to_hold(download: Download, origin: Period, amount_minor: int) -> dict[int, int]:
    """What contributors would give back if the dispute were lost, as far as they have it."""
    parts = parts_of(download, origin, amount_minor).contributors
    kinds = (AccountKind.PAYABLE, AccountKind.HELD)
    accounts = [*PLATFORM, *(Account(kind, pk) for kind in kinds for pk in parts)]
    balances = locked_balances(accounts, origin.currency)
    held = {pk: min(micro, balances[Account(AccountKind.PAYABLE, pk)]) for pk, micro in sorted(parts.items())}
    return {pk: micro for pk, micro in held.items() if micro}


@transaction.atomic
def settle_dispute(dispute: RevenueEvent, outcome: str, at: datetime) -> DisputeOutcome:
    """Record that a dispute was won or lost, once. Raises `MoneyBackRefused` where it ended otherwise already."""
    assert dispute.download is not None
    lock(dispute.download)
    known = DisputeOutcome.objects.filter(dispute=dispute).first()
    if known is not None and known.outcome != outcome:
        raise MoneyBackRefused(f"The dispute was {known.outcome} at {known.settled_at:%Y-%m-%d %H:%M} UTC already.")
    if known is not None:
        return known
    if outcome == DisputeOutcome.WON:
        _win(dispute, at)
    elif dispute.origin_period is not None:
        _lose(dispute, dispute.origin_period, at)
    return DisputeOutcome.objects.create(dispute=dispute, outcome=outcome, settled_at=at)


def _win(dispute: RevenueEvent, at: datetime) -> None:
    """The money is back: in the pool of the dispute's own period, if that is not closed, or else in the open one.

    If the dispute was of a closed month, its pool always had the money, and what was on hold is payable again.
    """
    own = locked_period(dispute.period.month)
    period = open_period(at) if own.state == Period.CLOSED or dispute.origin_period else own
    holds, held_micro = _held(dispute)
    lines = list(ledger.dispute_won(-dispute.gross_minor, period.currency))
    if held_micro:
        lines += ledger.hold_released(held_micro, period.currency)
    entry = post("dispute_won", period, f"dispute_won:{dispute.pk}", lines, at, dispute.origin_period)
    RevenueEvent.objects.create(
        kind=RevenueKind.DISPUTE_WON,
        download=dispute.download,
        period=period,
        origin_period=dispute.origin_period,
        entry=entry,
        gross_minor=-dispute.gross_minor,
        fee_minor=-dispute.fee_minor,
        net_minor=-dispute.net_minor,
        currency=period.currency,
        occurred_at=at,
    )
    _end([(hold, HoldEnd.RELEASED, "The dispute was won.") for hold in holds], entry, at)


def _lose(dispute: RevenueEvent, origin: Period, at: datetime) -> None:
    """Who had a part of a closed month's pool gives it back, first out of what is on hold for it."""
    assert dispute.download is not None
    locked_period(origin.month)  # before the later one, as everywhere
    period = open_period(at)
    parts = parts_of(dispute.download, origin, -dispute.gross_minor)
    holds, held_micro = _held(dispute)
    lines = taken(parts, held_micro, period.currency)
    if not lines:
        return
    entry = post("dispute_lost", period, f"dispute_lost:{dispute.pk}", lines, at, origin)
    parts.record(entry, AdjustmentReason.DISPUTE)
    taken_micro = parts.contributors
    _end([(hold, *_lost(hold, taken_micro.get(hold.contributor_id, 0))) for hold in holds], entry, at)


def _lost(hold: Hold, taken_micro: int) -> tuple[str, str]:
    """The outcome of a lost dispute's hold and the reason; since it was placed, a removal can have taken its part."""
    if taken_micro >= hold.amount_micro:
        return HoldEnd.TAKEN, "The dispute was lost."
    if not taken_micro:
        return HoldEnd.RELEASED, "The dispute was lost, but a removal had taken its part back before."
    taken = f"{format_micro(taken_micro)} {hold.currency}"
    return HoldEnd.TAKEN, f"The dispute was lost: {taken} of it was taken, as a removal had taken the rest back before."


def _held(dispute: RevenueEvent) -> tuple[list[Hold], dict[int, int]]:
    """The holds of a dispute that finance did not end before, and their amounts by contributor."""
    holds = list(Hold.objects.filter(dispute=dispute, end__isnull=True).order_by("contributor_id"))
    return holds, {hold.contributor_id: hold.amount_micro for hold in holds}


def _end(holds: list[tuple[Hold, str, str]], entry: Entry, at: datetime) -> None:
    """End each with an outcome and a reason."""
    ends = HoldEnd.objects.bulk_create(
        HoldEnd(hold=hold, outcome=outcome, reason=reason, ended_at=at, entry=entry) for hold, outcome, reason in holds
    )
    holds_ended(ends)
