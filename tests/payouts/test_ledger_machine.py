"""Whatever happens to money in whatever order, the ledger is what a small model says, and every check finds nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.db.models import Q, Sum
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from marketplace.models import Contributor, Customer, Download, User
from payouts import closing, disputes, money_back, payees, reversing, splitting
from payouts.adjusting import record_adjustment
from payouts.booking import book_downloads
from payouts.calls import Pace
from payouts.closing import approve_close, close_period
from payouts.core.eligibility import Balances
from payouts.core.ledger import AccountKind, payout_reversed
from payouts.core.states import PayoutState, RunState
from payouts.disputes import record_dispute, settle_dispute
from payouts.gateway import StripeGateway
from payouts.holds import end_hold, place_hold
from payouts.integrity import findings
from payouts.models import (
    Adjustment,
    AdjustmentReason,
    DisputeOutcome,
    Earning,
    Hold,
    HoldEnd,
    LedgerAccount,
    Payout,
    RemovalSettlement,
    RevenueEvent,
    Transfer,
)
from payouts.refunds import record_refund
from payouts.removals import settle_removals
from payouts.reversing import record_reversals
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import send_payout_run
from tests.builders import OCTOBER
from tests.payouts.ledger_model import Dispute as ToldDispute
from tests.payouts.ledger_model import Hold as ToldHold
from tests.payouts.ledger_model import Model
from tests.payouts.paying import onboard
from tests.payouts.selling import Shop
from tests.payouts.test_removals import remove

pytestmark = pytest.mark.django_db

MONTHS = (OCTOBER, OCTOBER.next, OCTOBER.next.next)
PACE = Pace(calls_a_second=1_000_000)

picks = st.integers(0, 1_000)
parts_ppm = st.integers(1, 1_000_000)


def part_of(whole: int, part_ppm: int) -> int:
    return max(whole * part_ppm // 1_000_000, 1)


class LedgerMachine(RuleBasedStateMachine):
    """Each step does a thing through the services and in the model; what it wrote is forgotten at the end."""

    def __init__(self, shop: Shop, gateway: StripeGateway) -> None:
        super().__init__()
        self.shop, self.gateway = shop, gateway
        self.people = {one.pk: one for one in (shop.ana, shop.ben)}
        assets = shop.of_ana[0], shop.of_ana[1], shop.of_ben
        self.images = {(asset.contributor_id, place): asset for place, asset in enumerate(assets)}
        self.model = Model({shop.ana.pk: 3, shop.ben.pk: 1})
        self.downloads: list[Download] = []
        self.disputes: dict[ToldDispute, tuple[RevenueEvent, bool]] = {}
        self.holds: dict[ToldHold, Hold] = {}
        self.sent: list[tuple[Payout, int]] = []
        self.steps = 0
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            assert [f"{one.check}: {one.sentence}" for one in findings()] == []
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @property
    def at(self) -> datetime:
        """The tenth of the month, in which all happens that is not a closing."""
        month = (*MONTHS, MONTHS[-1].next)[self.model.month]
        return datetime(month.year, month.month, 10, 9, tzinfo=UTC)

    def key(self) -> str:
        self.steps += 1
        return f"step {self.steps}"

    def _one_with_something_left(self, pick: int) -> int:
        left = [place for place, sale in enumerate(self.model.sales) if sale.left.total()]
        return left[pick % len(left)]

    def _left_minor(self, place: int) -> int:
        left = self.model.sales[place].left
        return left[max(month for month, minor in left.items() if minor)]

    @precondition(lambda self: self.model.month < len(MONTHS))
    @rule(gross_minor=st.integers(1, 10_000), of_ana=parts_ppm, of_ben=parts_ppm, second=parts_ppm)
    def sell(self, gross_minor: int, of_ana: int, of_ben: int, second: int = 1) -> None:
        second_ppm = of_ana * second // 1_000_000
        shares_ppm = of_ana - second_ppm, second_ppm, (1_000_000 - of_ana) * of_ben // 1_000_000
        self.downloads.append(self.shop.sell(gross_minor, shares_ppm[0], shares_ppm[2], self.at, second_ppm))
        book_downloads(self.at)
        self.model.sell(gross_minor, {image: ppm for image, ppm in zip(self.images, shares_ppm, strict=True) if ppm})

    @precondition(lambda self: any(sale.left.total() for sale in self.model.sales))
    @rule(pick=picks, part_ppm=parts_ppm)
    def refund(self, pick: int, part_ppm: int) -> None:
        place = self._one_with_something_left(pick)
        minor = part_of(self._left_minor(place), part_ppm)
        record_refund(self.downloads[place], minor, self.key(), self.at)
        self.model.refund(self.model.sales[place], minor)

    @precondition(lambda self: any(sale.left.total() for sale in self.model.sales))
    @rule(pick=picks, part_ppm=parts_ppm, fee_minor=st.integers(0, 1_500))
    def dispute(self, pick: int, part_ppm: int, fee_minor: int) -> None:
        place = self._one_with_something_left(pick)
        minor = part_of(self._left_minor(place), part_ppm)
        recorded = record_dispute(self.downloads[place], minor, fee_minor, self.key(), self.at)
        told = self.model.dispute(self.model.sales[place], minor)
        self.disputes[told] = recorded, told.home in self.model.closed
        of_it = {hold.contributor_id: hold for hold in recorded.holds.all()}
        self.holds |= {hold: of_it[hold.who] for hold in self.model.holds if hold.dispute is told}

    @precondition(lambda self: self.model.disputes)
    @rule(pick=picks, is_won=st.booleans())
    def settle(self, pick: int, is_won: bool) -> None:
        told = self.model.disputes[pick % len(self.model.disputes)]
        recorded, was_closed = self.disputes[told]
        settle_dispute(recorded, DisputeOutcome.WON if is_won else DisputeOutcome.LOST, self.at)
        self.model.settle(told, is_won=is_won, was_closed=was_closed)

    @precondition(lambda self: any(self.model.payable.values()))
    @rule(pick=picks, part_ppm=parts_ppm)
    def hold(self, pick: int, part_ppm: int) -> None:
        with_some = [pk for pk in self.people if self.model.payable[pk]]
        pk = with_some[pick % len(with_some)]
        micro = part_of(self.model.payable[pk], part_ppm)
        placed = place_hold(self.people[pk], micro, "Being looked into", self.shop.fay, self.key(), self.at)
        self.holds[self.model.hold(pk, micro)] = placed

    @precondition(lambda self: self.model.holds)
    @rule(pick=picks, is_released=st.booleans())
    def end_hold(self, pick: int, is_released: bool) -> None:
        told = self.model.holds[pick % len(self.model.holds)]
        is_released = is_released or told.dispute is not None  # which nobody takes but the dispute
        outcome = HoldEnd.RELEASED if is_released else HoldEnd.TAKEN
        end_hold(self.holds[told], outcome, "Looked into", self.shop.fay, self.at)
        self.model.end_hold(told, is_released=is_released)

    @precondition(lambda self: self.model.closed)
    @rule(pick=picks, micro=st.integers(1, 20_000_000), is_taken=st.booleans())
    def adjust(self, pick: int, micro: int, is_taken: bool) -> None:
        pk = sorted(self.people)[pick % 2]
        reason = AdjustmentReason.TAKEDOWN if is_taken else AdjustmentReason.APPEAL
        amount_micro = -micro if is_taken else micro
        month = MONTHS[pick % len(self.model.closed)]
        note = "What was decided"
        record_adjustment(self.people[pk], amount_micro, month, reason, note, self.shop.fay, self.key(), self.at)
        self.model.adjust(pk, amount_micro)

    @precondition(lambda self: len(self.model.removed) < len(self.images))
    @rule(pick=picks)
    def remove(self, pick: int) -> None:
        left = sorted(self.images.keys() - self.model.removed)
        image = left[pick % len(left)]
        remove(self.images[image], at=self.at)
        self.model.removed.add(image)

    @precondition(lambda self: self.model.removed)
    @rule()
    def settle_removals(self) -> None:
        settle_removals(self.at)
        self.model.settle_removals()

    @precondition(lambda self: self.model.month < len(MONTHS))
    @rule()
    def close(self) -> None:
        month = MONTHS[self.model.month]
        closed_at = datetime(month.next.year, month.next.month, 2, 9, tzinfo=UTC)
        close_period(month, self.shop.fay, closed_at)
        approve_close(month, self.shop.finn, closed_at)
        self.model.close()

    @precondition(lambda self: any(self.model.payable.values()))
    @rule()
    def pay(self) -> None:
        run = approve_payout_run(draft_payout_run(self.shop.fay, self.at).pk, self.shop.finn, self.at)
        assert send_payout_run(run.pk, self.gateway, self.at, PACE).state == RunState.SETTLED
        sent = run.payouts.filter(state=PayoutState.SENT)
        assert dict(sent.values_list("contributor_id", "transfer__amount_minor")) == self.model.pay()
        self.sent += [(payout, payout.amount_minor) for payout in sent.select_related("transfer")]

    @precondition(lambda self: self.sent)
    @rule(pick=picks, part_ppm=parts_ppm)
    def reverse(self, pick: int, part_ppm: int) -> None:
        place = pick % len(self.sent)
        payout, left_minor = self.sent.pop(place)
        minor = part_of(left_minor, part_ppm)
        transfer = Transfer.objects.get(payout=payout)
        self.gateway.reverse_transfer(transfer.stripe_transfer_id, minor, idempotency_key=f"{payout.pk}:{left_minor}")
        record_reversals(transfer, self.gateway.list_reversals(transfer.stripe_transfer_id), self.at)
        self.model.reverse(payout.contributor_id, minor)
        if minor < left_minor:
            self.sent.append((payout, left_minor - minor))

    @invariant()
    def the_ledger_is_what_the_model_says(self) -> None:
        accounts = LedgerAccount.objects.filter(contributor__in=self.people).exclude(balance_micro=0)
        found = {(kind, pk): micro for kind, pk, micro in accounts.values_list("kind", "contributor", "balance_micro")}
        told = {}
        for pk in self.people:
            told[AccountKind.PAYABLE.value, pk] = self.model.payable[pk]
            told[AccountKind.HELD.value, pk] = self.model.held(pk)
            told[AccountKind.RECEIVABLE.value, pk] = -self.model.owed[pk]
        assert found == {account: micro for account, micro in told.items() if micro}
        fund = LedgerAccount.objects.filter(kind=AccountKind.COMMON_FUND).values_list("balance_micro", flat=True)
        assert sum(fund) == -self.model.fund_owed
        assert sum(LedgerAccount.objects.values_list("balance_micro", flat=True)) == 0

    @invariant()
    def nobody_gave_back_more_of_a_month_than_it_brought_them(self) -> None:
        by_rule = ~Q(reason=AdjustmentReason.TAKEDOWN) | Q(removal_settlement__isnull=False)
        taken = Adjustment.objects.filter(by_rule, contributor__in=self.people, amount_micro__lt=0)
        for pk, month_id, micro in taken.values_list("contributor", "entry__origin_period").annotate(
            total=Sum("amount_micro")
        ):
            earned = Earning.objects.filter(contributor=pk, period=month_id, kind=Earning.ATTRIBUTION)
            assert -micro <= sum(earned.values_list("amount_micro", flat=True))


@pytest.fixture
def machine(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, gateway: StripeGateway
) -> Callable[[], LedgerMachine]:
    shop = Shop(ana, ben, carla, fay, finn)
    for contributor in (ana, ben):
        onboard(contributor, gateway)
    gateway.top_up(100_000_000, "usd", idempotency_key="funds")
    return lambda: LedgerMachine(shop, gateway)


def walk(machine: LedgerMachine) -> None:
    """One way through all steps, with what is hard to meet by chance: debts that are netted, and beside a balance."""
    steps: list[Callable[[], None]] = [
        lambda: machine.sell(gross_minor=10_000, of_ana=500_000, of_ben=800_000),
        lambda: machine.sell(gross_minor=7_777, of_ana=300_000, of_ben=500_000),
        machine.close,
        machine.pay,
        lambda: machine.refund(pick=0, part_ppm=700_000),
        lambda: machine.adjust(pick=0, micro=20_000_000, is_taken=False),
        machine.pay,
        lambda: machine.sell(gross_minor=9_999, of_ana=333_333, of_ben=900_000),
        machine.close,
        lambda: machine.dispute(pick=2, part_ppm=900_000, fee_minor=1_500),
        lambda: machine.settle(pick=0, is_won=False),
        lambda: machine.dispute(pick=1, part_ppm=500_000, fee_minor=0),
        lambda: machine.settle(pick=0, is_won=True),
        lambda: machine.hold(pick=0, part_ppm=500_000),
        lambda: machine.end_hold(pick=0, is_released=True),
        lambda: machine.reverse(pick=0, part_ppm=400_000),
        machine.close,
        machine.pay,
        lambda: machine.dispute(pick=2, part_ppm=900_000, fee_minor=0),
        lambda: machine.remove(pick=0),
        machine.settle_removals,
        lambda: machine.settle(pick=0, is_won=False),
        lambda: machine.refund(pick=0, part_ppm=1_000_000),
    ]
    try:
        for step in steps:
            step()
            machine.the_ledger_is_what_the_model_says()
    finally:
        machine.teardown()


def test_one_walk_through_every_step_ends_as_the_model_says(machine: Callable[[], LedgerMachine]) -> None:
    walk(machine())


MUTANTS: dict[str, tuple[object, str, object]] = {
    "netting forgets the receivable": (closing, "RECEIVABLES", closing.RECEIVABLES + " AND false"),
    "payouts forget the receivable": (payees, "Balances", lambda payable, held, owed: Balances(payable, held)),
    "a lost dispute leaves what was on hold for it": (disputes, "_held", lambda dispute: ([], {})),
    "what comes back of a transfer is owed twice": (
        reversing,
        "payout_reversed",
        lambda pk, minor, currency: payout_reversed(pk, 2 * minor, currency),
    ),
    "a refund takes the part of a removed image anew": (
        money_back,
        "RemovalSettlement",
        SimpleNamespace(objects=SimpleNamespace(filter=lambda **_: RemovalSettlement.objects.none())),
    ),
    "common funds keep back nothing": (
        closing,
        "split",
        lambda *arguments, net_debts: splitting.split(*arguments, net_debts=False),
    ),
}


@pytest.mark.parametrize("mutant", list(MUTANTS))
def test_a_ledger_that_is_wrong_in_one_place_is_caught(
    machine: Callable[[], LedgerMachine], monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    target, name, wrong = MUTANTS[mutant]
    monkeypatch.setattr(target, name, wrong)
    with pytest.raises(AssertionError):
        walk(machine())


def test_in_any_order_of_events_each_is_owed_what_the_model_says(machine: Callable[[], LedgerMachine]) -> None:
    few_and_long = settings(
        max_examples=8,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a failing walk is printed as it is: making it shorter takes minutes
    )
    run_state_machine_as_test(machine, settings=few_and_long)  # type: ignore[arg-type]
