"""Reconciliation: Stripe's list against the payouts against the ledger, and the cash at both ends."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_noop

from marketplace.core.money import Money, micro_to_minor, minor_to_micro
from payouts.attempts import transfer_group
from payouts.booking import NoPolicy, book_downloads
from payouts.checkout import look_up_unsettled
from payouts.core.ledger import AccountKind
from payouts.core.reconciling import (
    Cash,
    Difference,
    FindingKind,
    Listed,
    Recorded,
    differences,
    missing,
    unknown_charge,
)
from payouts.core.states import PayoutState
from payouts.findings import record_findings
from payouts.gateway import Charge, Funds, Gateway, TransferReceipt
from payouts.incoming import booked, list_charges, make_available, watched_from
from payouts.models import Entry, Finding, LedgerAccount, Order, Payout, PayoutRun, Reconciliation, Transfer
from payouts.reversing import record_reversals

WINDOW = timedelta(days=60)
AT_ONCE = 500
READINGS = 3


class Moving(RuntimeError):
    """Money moved while it was counted, again and again."""


@dataclass(frozen=True)
class Reading:
    """Both ends as they were at one moment; `moved` is what our books had of payouts before the first look."""

    listed: list[TransferReceipt]
    charges_since: datetime
    charges: dict[str, Charge]
    funds: Funds
    ledger_minor: int
    pending_ledger_minor: int
    is_under_way: bool
    moved: tuple[int, int]


def reconcile(gateway: Gateway, at: datetime, run: PayoutRun | None = None) -> Reconciliation:
    """Compare one run or, without, the last 60 days; each difference becomes a finding.

    What came back at Stripe is recorded first. Raises `Moving` and the gateway's exceptions, and writes no findings
    then.
    """
    currency = run.currency if run else settings.SETTLEMENT_CURRENCY
    for _ in range(READINGS):
        reading = _read(gateway, at, run, currency)
        cash, pending, found = _compared(reading, currency, at, run)
        if _is_still(reading, gateway, at, run, currency):
            return _record(reading, cash, pending, currency, found, at, run)
    raise Moving("Money moved while it was counted: reconcile again when nothing is being sent.")


def _compared(
    reading: Reading, currency: str, at: datetime, run: PayoutRun | None
) -> tuple[Cash, Cash, list[Difference]]:
    """What is available and what is pending, at both ends, and all that differs."""
    found: list[Difference] = []
    in_flight_minor = 0
    for receipts in _chunks(reading.listed):
        recorded = _recorded(receipts)
        for receipt in receipts:
            payout = receipt.metadata.get("payout", "")
            known = recorded.get(payout)
            found += differences(_listed(receipt), known, currency, payout)
            if known is not None and known.is_due and not known.stripe_transfer_id:
                in_flight_minor += receipt.amount_minor - receipt.reversed_minor
    found += _missing(reading.listed, run, at)
    found += _ledger_differences(currency)
    unbooked, unknown = _not_booked(reading.charges)
    found += [unknown_charge(one.stripe_charge_id, str(Money(one.amount_minor, currency))) for one in unknown]
    found += _still_unknown(reading.charges)
    found += _still_failed()
    sold_minor = sum(charge.net_minor for charge in unbooked if charge.is_available)
    cash = Cash(reading.ledger_minor, reading.funds.available_minor, in_flight_minor - sold_minor)
    sold_minor = sum(charge.net_minor for charge in unbooked if not charge.is_available)
    pending = Cash(reading.pending_ledger_minor, reading.funds.pending_minor, -sold_minor)
    found += _cash_differences(cash, pending, currency)
    return cash, pending, found


@transaction.atomic
def _record(
    reading: Reading,
    cash: Cash,
    pending: Cash,
    currency: str,
    found: list[Difference],
    at: datetime,
    run: PayoutRun | None,
) -> Reconciliation:
    record_findings(found, at, run)
    return Reconciliation.objects.create(
        run=run,
        currency=currency,
        transfer_count=len(reading.listed),
        ledger_minor=cash.ledger_minor,
        available_minor=cash.stripe_minor,
        in_flight_minor=cash.in_flight_minor,
        pending_ledger_minor=pending.ledger_minor,
        pending_minor=pending.stripe_minor,
        pending_in_flight_minor=pending.in_flight_minor,
        reconciled_at=at,
    )


def _read(gateway: Gateway, at: datetime, run: PayoutRun | None, currency: str) -> Reading:
    moved = _moved(currency)
    listed = _list(gateway, at, run)
    _copy_reversals(listed, gateway, at)
    charges_since = watched_from(at)
    charges = list_charges(gateway, charges_since)
    _catch_up(charges, gateway, at)
    return Reading(
        listed=listed,
        charges_since=charges_since,
        charges=charges,
        is_under_way=Payout.objects.filter(state=PayoutState.RESERVED).exists(),
        ledger_minor=_ledger_minor(AccountKind.STRIPE_BALANCE, currency),
        pending_ledger_minor=_ledger_minor(AccountKind.STRIPE_PENDING, currency),
        funds=gateway.funds(currency.lower()),
        moved=moved,
    )


def _is_still(reading: Reading, gateway: Gateway, at: datetime, run: PayoutRun | None, currency: str) -> bool:
    """Whether nothing moved from the first look to the end of the comparison."""
    if reading.is_under_way and _list(gateway, at, run) != reading.listed:
        return False
    in_ledger = tuple(
        _ledger_minor(kind, currency) for kind in (AccountKind.STRIPE_BALANCE, AccountKind.STRIPE_PENDING)
    )
    return (
        _moved(currency) == reading.moved
        and in_ledger == (reading.ledger_minor, reading.pending_ledger_minor)
        and list_charges(gateway, reading.charges_since) == reading.charges
    )


def _moved(currency: str) -> tuple[int, int]:
    """How many transfers are recorded, and the micro-units in transit: one changes with each step of a payout."""
    return Transfer.objects.count(), _in_transit_micro(currency)


def _list(gateway: Gateway, at: datetime, run: PayoutRun | None) -> list[TransferReceipt]:
    """Stripe's transfers of this deployment: of the run and of any run under way, or of the last 60 days."""
    if run is None:
        listed = gateway.list_transfers_since(at - WINDOW)
        return [receipt for receipt in listed if receipt.metadata.get("deployment") == settings.DEPLOYMENT]
    under_way = Payout.objects.filter(state=PayoutState.RESERVED).values_list("run", flat=True).distinct()
    groups = sorted({run.pk, *under_way})
    return [receipt for pk in groups for receipt in gateway.list_transfers(transfer_group=transfer_group(pk))]


def _copy_reversals(listed: list[TransferReceipt], gateway: Gateway, at: datetime) -> None:
    """Record what came back of transfers, whoever asked for it at Stripe."""
    for receipts in _chunks([receipt for receipt in listed if receipt.reversed_minor]):
        transfers = Transfer.objects.filter(stripe_transfer_id__in=[one.stripe_transfer_id for one in receipts])
        known = {one.stripe_transfer_id: one for one in transfers.annotate(back_minor=Sum("reversals__amount_minor"))}
        for receipt in receipts:
            transfer = known.get(receipt.stripe_transfer_id)
            if transfer is not None and (transfer.back_minor or 0) < receipt.reversed_minor:
                record_reversals(transfer, gateway.list_reversals(receipt.stripe_transfer_id), at)


def _recorded(receipts: list[TransferReceipt]) -> dict[str, Recorded]:
    """What we know of the payouts that transfers were made for, by the payouts' numbers as Stripe has them."""
    numbers = {receipt.metadata.get("payout", "") for receipt in receipts}
    payouts = Payout.objects.filter(pk__in=[int(number) for number in numbers if number.isdecimal()])
    return {
        str(payout.pk): Recorded(
            payout_id=payout.pk,
            stripe_account_id=payout.connected_account.stripe_account_id if payout.connected_account else "",
            amount_minor=payout.amount_minor,
            stripe_transfer_id=payout.transfer.stripe_transfer_id if hasattr(payout, "transfer") else "",
            reversed_minor=payout.reversed_minor or 0,
            is_due=payout.state == PayoutState.RESERVED,
        )
        for payout in payouts.select_related("connected_account", "transfer").annotate(
            reversed_minor=Sum("transfer__reversals__amount_minor")
        )
    }


def _listed(receipt: TransferReceipt) -> Listed:
    return Listed(
        receipt.stripe_transfer_id,
        receipt.stripe_account_id,
        receipt.amount_minor,
        receipt.currency,
        receipt.reversed_minor,
    )


def _missing(listed: list[TransferReceipt], run: PayoutRun | None, at: datetime) -> Iterator[Difference]:
    ids = {receipt.stripe_transfer_id for receipt in listed}
    in_scope = Q(created_at__gte=at - WINDOW) if run is None else Q(payout__run=run)
    for id_, payout_id in Transfer.objects.filter(in_scope).order_by("pk").values_list("stripe_transfer_id", "payout"):
        if id_ not in ids:
            yield missing(id_, payout_id)


def _ledger_differences(currency: str) -> Iterator[Difference]:
    """Payouts against the ledger."""
    key = Concat(Value("payout_sent:"), Cast(OuterRef("payout_id"), CharField()))
    unposted = Transfer.objects.filter(~Exists(Entry.objects.filter(idempotency_key=key)))
    for id_, payout_id in unposted.order_by("pk").values_list("stripe_transfer_id", "payout"):
        found = f"{id_} of payout {payout_id} is recorded, and the ledger has no entry of it."
        yield Difference(FindingKind.LEDGER_DIFFERS, f"payout {payout_id}", found)
    sent = Payout.objects.filter(state__in=[PayoutState.SENT, PayoutState.REVERSED], transfer=None)
    for payout_id in sent.order_by("pk").values_list("pk", flat=True):
        found = f"Payout {payout_id} is said to be sent, and no transfer of it is recorded."
        yield Difference(FindingKind.LEDGER_DIFFERS, f"payout {payout_id}", found)
    yield from _in_transit_difference(currency)


def _in_transit_difference(currency: str) -> Iterator[Difference]:
    reserved = Payout.objects.filter(state=PayoutState.RESERVED, run__currency=currency)
    reserved_minor = int(reserved.aggregate(total=Sum("amount_minor", default=0))["total"])
    in_transit_micro = _in_transit_micro(currency)
    if in_transit_micro != minor_to_micro(reserved_minor, currency):
        reserved_words = Money(reserved_minor, currency)
        found = f"The ledger has {in_transit_micro} micro in transit, and {reserved_words} of payouts are reserved."
        yield Difference(FindingKind.IN_TRANSIT_DIFFERS, gettext_noop("payouts in transit"), found)


def _cash_differences(cash: Cash, pending: Cash, currency: str) -> Iterator[Difference]:
    balance, awaited = gettext_noop("Stripe's balance"), gettext_noop("what is pending at Stripe")
    for equation, kind, subject, account, adjective in (
        (cash, FindingKind.CASH_DIFFERS, gettext_noop("cash at Stripe"), balance, gettext_noop("available")),
        (pending, FindingKind.PENDING_DIFFERS, gettext_noop("pending at Stripe"), awaited, gettext_noop("pending")),
    ):
        if equation.difference_minor:
            parts = (equation.ledger_minor, equation.stripe_minor, equation.in_flight_minor, equation.difference_minor)
            ledger, stripe, in_flight, off = (Money(minor, currency) for minor in parts)
            found = (
                f"The ledger has {ledger} in {account}; Stripe has {stripe} {adjective}, and {in_flight} are in "
                f"flight: {off} too much in the ledger."
            )
            yield Difference(kind, subject, found)


def _catch_up(charges: dict[str, Charge], gateway: Gateway, at: datetime) -> None:
    """Settle and book what customers paid before it was listed, and what became available of it."""
    look_up_unsettled(gateway, at, at)
    with suppress(NoPolicy):  # what cannot be booked counts as in flight
        while book_downloads(at):
            pass
    make_available(charges, at)


def _not_booked(charges: dict[str, Charge]) -> tuple[list[Charge], list[Charge]]:
    """Charges of our orders that the ledger does not have yet, and those that no order of ours knows."""
    known = set(Order.objects.filter(stripe_charge_id__in=charges).values_list("stripe_charge_id", flat=True))
    in_ledger = set(booked().filter(stripe_charge_id__in=charges).values_list("stripe_charge_id", flat=True))
    return [charges[id_] for id_ in known - in_ledger], [charges[id_] for id_ in charges.keys() - known]


def _still_unknown(charges: dict[str, Charge]) -> Iterator[Difference]:
    """Charges that were found before, are too old to be listed again, and that still no order of ours knows."""
    for finding in Finding.objects.filter(kind=FindingKind.CHARGE_UNKNOWN, resolved_at=None).order_by("pk"):
        id_ = finding.subject.removeprefix("charge ")
        if id_ not in charges and not Order.objects.filter(stripe_charge_id=id_).exists():
            yield Difference(FindingKind.CHARGE_UNKNOWN, finding.subject, finding.found)


def _still_failed() -> Iterator[Difference]:
    """Refunds that failed at Stripe, until somebody has seen to it that the customer has the money."""
    for finding in Finding.objects.filter(kind=FindingKind.REFUND_FAILED, resolved_at=None).order_by("pk"):
        yield Difference(FindingKind.REFUND_FAILED, finding.subject, finding.found)


def _ledger_minor(kind: AccountKind, currency: str) -> int:
    """What is at Stripe by our books, as a person counts it."""
    return -micro_to_minor(_balance_micro(LedgerAccount.objects.filter(kind=kind), currency), currency)


def _in_transit_micro(currency: str) -> int:
    return _balance_micro(LedgerAccount.objects.filter(kind=AccountKind.PAYOUT_IN_TRANSIT), currency)


def _balance_micro(accounts: QuerySet[LedgerAccount], currency: str) -> int:
    return int(accounts.filter(currency=currency).aggregate(total=Sum("balance_micro", default=0))["total"])


def _chunks(receipts: list[TransferReceipt]) -> Iterator[list[TransferReceipt]]:
    for start in range(0, len(receipts), AT_ONCE):
        yield receipts[start : start + AT_ONCE]
