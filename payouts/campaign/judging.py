"""Whether everybody was paid exactly once: what Stripe's list says, what the books say, and that they agree."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Sum

from marketplace.core.money import Money, minor_to_micro
from payouts.attempts import transfer_group
from payouts.campaign.world import World
from payouts.core.ledger import AccountKind
from payouts.core.states import RunState
from payouts.gateway import TransferReceipt
from payouts.integrity import findings
from payouts.models import Finding, LedgerAccount, PayoutRun, WebhookEvent
from payouts.reconciliation import reconcile

CURRENCY = "USD"


@dataclass(frozen=True)
class Due:
    """What a contributor is to be sent, and what is to come back of it."""

    payout_id: int
    contributor_id: int
    stripe_account_id: str
    payable_micro: int
    is_refused: bool
    reversed_minor: int

    @property
    def amount_minor(self) -> int:
        """The whole minor units of what is payable; nothing where the account takes none."""
        return 0 if self.is_refused else self.payable_micro // minor_to_micro(1, CURRENCY)


@dataclass(frozen=True)
class Verdict:
    """What came of a seed; `met` counts calls by the fault that they met."""

    wrong: tuple[str, ...]
    paid_twice_minor: int
    transfer_count: int
    killed: int
    met: dict[str, int]


def judge(
    its_world: World, run: PayoutRun, due: list[Due], wrong: list[str], *, killed: int, met: dict[str, int]
) -> Verdict:
    """Judge a seed that has come to its end; `wrong` is what was found on the way."""
    gateway = its_world.gateway()
    listed = gateway.list_transfers(transfer_group=transfer_group(run.pk))
    found = [*wrong, *_wrong_with_run(run)]
    paid_twice_minor = 0
    for one in due:
        sent = [receipt for receipt in listed if receipt.stripe_account_id == one.stripe_account_id]
        found += _wrong_with_payout(one, sent)
        paid_twice_minor += max(sum(receipt.amount_minor for receipt in sent) - one.amount_minor, 0)
    reconcile(gateway, its_world.clock.now())
    found += [f"Reconciliation: {finding.found}" for finding in Finding.objects.order_by("pk")]
    found += _wrong_with_books(gateway.available_minor(CURRENCY.lower()))
    found += [f"check_ledger, {finding.check}: {finding.sentence}" for finding in findings()]
    return Verdict(tuple(found), paid_twice_minor, len(listed), killed, met)


def _wrong_with_run(run: PayoutRun) -> Iterator[str]:
    run.refresh_from_db()
    if run.state != RunState.SETTLED:
        yield f"The run is {run.state} and not settled: {run.problem or 'nothing is said of why'}"
    unhandled = WebhookEvent.objects.filter(handled_at=None).count()
    if unhandled:
        yield f"{unhandled} webhooks are not handled."


def _wrong_with_payout(due: Due, sent: list[TransferReceipt]) -> Iterator[str]:
    expected = [] if due.is_refused else [due.amount_minor]
    amounts_minor = [receipt.amount_minor for receipt in sent]
    who = f"Contributor {due.contributor_id}"
    if amounts_minor != expected:
        yield f"{who} was sent {amounts_minor} minor units at Stripe, and {expected} were due."
    back_minor = 0 if due.is_refused else due.reversed_minor
    came_back_minor = sum(receipt.reversed_minor for receipt in sent)
    if came_back_minor != back_minor:
        yield f"Of what {who} was sent {came_back_minor} came back, and {back_minor} should have."
    left_micro = due.payable_micro - minor_to_micro(due.amount_minor - back_minor, CURRENCY)
    payable_micro = _balance_micro(AccountKind.PAYABLE, contributor=due.contributor_id)
    if payable_micro != left_micro:
        yield f"{who} has {payable_micro} micro payable, and {left_micro} should be."


def _wrong_with_books(available_minor: int) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(amount_micro), 0) FROM payouts_posting")
        total_micro = cursor.fetchone()[0]
    if total_micro:
        yield f"All postings sum to {total_micro} micro."
    in_transit_micro = _balance_micro(AccountKind.PAYOUT_IN_TRANSIT)
    if in_transit_micro:
        yield f"{in_transit_micro} micro are in transit."
    cash_micro = -_balance_micro(AccountKind.STRIPE_BALANCE) - _balance_micro(AccountKind.COLLECTED_ELSEWHERE)
    if cash_micro != minor_to_micro(available_minor, CURRENCY):
        yield f"The ledger has {cash_micro} micro of cash, and {Money(available_minor, CURRENCY)} are at Stripe."


def _balance_micro(kind: AccountKind, **of: int) -> int:
    return int(LedgerAccount.objects.filter(kind=kind, **of).aggregate(total=Sum("balance_micro", default=0))["total"])
