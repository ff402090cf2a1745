"""Closing a month: who earns what, to the micro-unit; by two people, once, and only when it is complete."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import Sum

from attribution.models import InspirationList
from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer, Download, GeneratorModel, User
from payouts import closing
from payouts.booking import book_downloads
from payouts.closing import CannotClose, approve_close, close_period
from payouts.core.ledger import AccountKind, payout_reserved
from payouts.core.pool import weights_hash
from payouts.core.reconciling import Difference, FindingKind
from payouts.findings import record_findings, resolve_finding
from payouts.models import Earning, Entry, Finding, LedgerAccount, Period, Policy, Posting, RevenueEvent, Statement
from payouts.posting import period_of, post
from tests.builders import (
    CLOSED_AT,
    OCTOBER,
    SOLD_AT,
    link_copy,
    make_asset,
    make_closed_month,
    make_contributor,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_policy,
    make_training_set,
)

NOVEMBER = OCTOBER.next
DECEMBER_AT = datetime(2026, 12, 2, 9, tzinfo=UTC)

Sell = Callable[..., Download]


@pytest.fixture
def sell(ana: Contributor, ben: Contributor, carla: Customer) -> Sell:
    """Sell and attribute one picture: Ana has two assets in the training set of its model, Ben has one."""
    assets = {"ana": make_asset(ana), "ana's second": make_asset(ana), "ben": make_asset(ben)}
    model, encoder = make_generator_model(make_training_set()), make_encoder()

    def sell_one(gross_minor: int, shares_ppm: dict[str, int], **sold: Any) -> Download:
        download = make_download(carla, make_generation(model), gross_minor=gross_minor, **sold)
        make_inspiration_list(download, {assets[name]: ppm for name, ppm in shares_ppm.items()}, encoder)
        return download

    make_policy(contributor_rate_ppm=400_000, fee_ppm=30_000)
    return sell_one


@pytest.fixture
def golden(sell: Sell) -> list[Download]:
    """Two sales in October, 10.00 and 5.01, whose month is worked out by hand in the test that is named for it."""
    return [
        sell(1_000, {"ana": 500_000, "ana's second": 100_000, "ben": 300_000}),
        sell(501, {"ben": 500_000}),
    ]


def payable_micro(contributor: Contributor) -> int:
    return LedgerAccount.objects.get(kind=AccountKind.PAYABLE, contributor=contributor).balance_micro


def balance_micro(kind: AccountKind) -> int:
    return LedgerAccount.objects.get(kind=kind).balance_micro


def row_counts() -> dict[str, int]:
    written: list[type[models.Model]] = [Earning, Entry, LedgerAccount, Period, Posting, RevenueEvent, Statement]
    return {model.__name__: model._default_manager.count() for model in written}


def test_the_worked_month_comes_out_to_the_micro_unit(
    golden: list[Download], ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    period = make_closed_month(fay, finn)

    # Fees of 3 %, in whole cents: 0.30 and 0.15. Net 9.70 + 4.86 = 14.56. Pool 40 % of it: 5.824000.
    assert (period.net_minor, period.pool_micro) == (1_456, 5_824_000)

    # Weights, gross cents x ppm: Ana 1000 x 600,000 = 600,000,000; Ben 1000 x 300,000 + 501 x 500,000 = 550,500,000;
    # unattributed 1000 x 100,000 + 501 x 500,000 = 350,500,000; together 1,501,000,000.
    # 5,824,000 x 600.0 / 1501 = 2,328,047.97  -> 2,328,048 (the largest remainder gets the micro-unit left over)
    # 5,824,000 x 550.5 / 1501 = 2,135,984.01  -> 2,135,984
    # 5,824,000 x 350.5 / 1501 = 1,359,968.02  -> 1,359,968 to the common fund
    # The fund by assets in the training set, 2 to 1: 906,645.33 -> 906,645 and 453,322.67 -> 453,323.
    assert period.common_fund_micro == 1_359_968
    assert {(e.contributor.name, e.kind): e.amount_micro for e in period.earnings.all()} == {
        ("Ana", Earning.ATTRIBUTION): 2_328_048,
        ("Ben", Earning.ATTRIBUTION): 2_135_984,
        ("Ana", Earning.COMMON_FUND): 906_645,
        ("Ben", Earning.COMMON_FUND): 453_323,
    }
    assert (payable_micro(ana), payable_micro(ben)) == (3_234_693, 2_589_307)


def test_pool_and_platform_share_are_the_net_revenue_and_nothing_is_left_in_between(
    golden: list[Download], fay: User, finn: User
) -> None:
    period = make_closed_month(fay, finn)
    platform_micro = balance_micro(AccountKind.PLATFORM_REVENUE) + balance_micro(AccountKind.FEES)
    assert platform_micro == 8_736_000
    assert platform_micro + 5_824_000 == 14_560_000
    assert period.earnings.aggregate(total=Sum("amount_micro"))["total"] == period.pool_micro
    assert balance_micro(AccountKind.POOL) == 0
    assert balance_micro(AccountKind.COMMON_FUND) == 0
    assert LedgerAccount.objects.aggregate(total=Sum("balance_micro"))["total"] == 0


def test_the_platform_keeps_the_part_of_a_micro_unit_that_cannot_be_shared(sell: Sell, fay: User, finn: User) -> None:
    Policy.objects.create(
        effective_at=datetime(2026, 9, 15, tzinfo=UTC), contributor_rate_ppm=333_333, fee_ppm=0, threshold_minor=100
    )
    sell(1, {"ana": 1_000_000})
    # 0.01 x 0.333333 = 3333.33 micro-units
    assert make_closed_month(fay, finn).pool_micro == 3_333


def test_a_contributor_without_a_share_earns_from_the_fund_by_participation_only(
    sell: Sell, fay: User, finn: User
) -> None:
    sell(1_000, {})
    period = make_closed_month(fay, finn)
    assert period.common_fund_micro == period.pool_micro == 3_880_000
    # 2 assets to 1: 2,586,666.67 and 1,293,333.33
    assert list(period.earnings.order_by("contributor").values_list("contributor__name", "kind", "amount_micro")) == [
        ("Ana", Earning.COMMON_FUND, 2_586_667),
        ("Ben", Earning.COMMON_FUND, 1_293_333),
    ]


def test_an_image_that_counts_as_a_copy_has_no_part_in_the_fund(
    sell: Sell, ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    """Otherwise uploading a picture again and again would pay."""
    first, second = ana.assets.order_by("pk")
    sell(1_000, {})
    link_copy(second, first, SOLD_AT)
    period = make_closed_month(fay, finn)
    assert list(period.earnings.order_by("contributor").values_list("contributor__name", "amount_micro")) == [
        ("Ana", 1_940_000),
        ("Ben", 1_940_000),
    ]


def test_someone_outside_the_training_set_earns_nothing(golden: list[Download], fay: User, finn: User) -> None:
    outsider = make_contributor("Cleo")
    make_asset(outsider)
    make_closed_month(fay, finn)
    assert not Earning.objects.filter(contributor=outsider).exists()
    assert not Statement.objects.filter(contributor=outsider).exists()


def test_every_statement_adds_up_and_ends_at_the_payable_balance(
    golden: list[Download], ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    period = make_closed_month(fay, finn)
    told = {
        s.contributor_id: (s.opening_micro, s.earned_micro, s.adjusted_micro, s.paid_micro, s.closing_micro)
        for s in period.statements.all()
    }
    assert told == {ana.pk: (0, 3_234_693, 0, 0, 3_234_693), ben.pk: (0, 2_589_307, 0, 0, 2_589_307)}


def test_the_next_statement_opens_where_the_last_one_closed_and_tells_what_was_paid(
    golden: list[Download], sell: Sell, ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    make_closed_month(fay, finn)
    paid = payout_reserved(ana.pk, 300, "USD")
    post("payout_reserved", period_of(NOVEMBER), "payout:1", paid, CLOSED_AT)
    sell(1_000, {"ana": 1_000_000}, at=datetime(2026, 11, 20, tzinfo=UTC))
    book_downloads(DECEMBER_AT)
    close_period(NOVEMBER, fay, DECEMBER_AT)
    november = approve_close(NOVEMBER, finn, DECEMBER_AT)
    told = {
        s.contributor_id: (s.opening_micro, s.earned_micro, s.adjusted_micro, s.paid_micro, s.closing_micro)
        for s in november.statements.all()
    }
    assert told == {
        ana.pk: (3_234_693, 3_880_000, 0, 3_000_000, 4_114_693),
        ben.pk: (2_589_307, 0, 0, 0, 2_589_307),  # nothing happened, and what is owed is still told
    }
    assert (payable_micro(ana), payable_micro(ben)) == (4_114_693, 2_589_307)


def test_a_statement_that_does_not_add_up_cannot_be_stored(
    golden: list[Download], ana: Contributor, fay: User, finn: User
) -> None:
    make_closed_month(fay, finn)
    with pytest.raises(IntegrityError, match="statement_adds_up"), transaction.atomic():
        Statement.objects.create(
            period=period_of(NOVEMBER),
            contributor=ana,
            opening_micro=1,
            earned_micro=1,
            adjusted_micro=0,
            paid_micro=0,
            closing_micro=3,
            issued_at=CLOSED_AT,
            index=0,
        )


def test_a_month_without_downloads_closes_with_zero_earnings(fay: User, finn: User) -> None:
    make_policy()
    period = make_closed_month(fay, finn)
    assert (period.state, period.net_minor, period.pool_micro, period.common_fund_micro) == (Period.CLOSED, 0, 0, 0)
    assert row_counts() == dict.fromkeys(row_counts(), 0) | {"Period": 1}


def test_replaying_a_month_gives_the_same_weights_hash(
    golden: list[Download], ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    def replayed() -> str:
        with transaction.atomic():
            digest = make_closed_month(fay, finn).weights_sha256
            transaction.set_rollback(True)
        return digest

    training_set_id = golden[0].generation.training_set_id
    by_hand = weights_hash(
        {ana.pk: 600_000_000, ben.pk: 550_500_000},
        {training_set_id: 350_500_000},
        {training_set_id: {ana.pk: 2, ben.pk: 1}},
    )
    assert replayed() == replayed() == by_hand


def test_other_shares_give_another_weights_hash(golden: list[Download], sell: Sell, fay: User, finn: User) -> None:
    with transaction.atomic():
        before = make_closed_month(fay, finn).weights_sha256
        transaction.set_rollback(True)
    sell(1, {"ben": 1})
    assert make_closed_month(fay, finn).weights_sha256 != before


def refused(message: str, act: Callable[[], object]) -> None:
    """The act is refused with that message and leaves every table and every period as it was."""
    before = row_counts(), set(Period.objects.values_list("month_on", "state"))
    with pytest.raises(CannotClose, match=message):
        act()
    assert (row_counts(), set(Period.objects.values_list("month_on", "state"))) == before


def test_a_month_that_has_not_ended_cannot_be_closed(golden: list[Download], fay: User) -> None:
    book_downloads(CLOSED_AT)
    too_early = OCTOBER.end_at - timedelta(microseconds=1)
    refused("2026-10 ends at 2026-11-01 00:00 UTC", lambda: close_period(OCTOBER, fay, too_early))
    assert close_period(OCTOBER, fay, OCTOBER.end_at).state == Period.CLOSING


def test_a_month_that_is_closing_is_not_closed_again(golden: list[Download], fay: User, finn: User) -> None:
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, fay, CLOSED_AT)
    refused("2026-10 is closing already", lambda: close_period(OCTOBER, finn, CLOSED_AT))


def test_a_closed_month_is_neither_closed_nor_approved_again(golden: list[Download], fay: User, finn: User) -> None:
    make_closed_month(fay, finn)
    refused("2026-10 is closed already", lambda: close_period(OCTOBER, fay, CLOSED_AT))
    refused(
        "2026-10 is closed: it can be approved while it is closing", lambda: approve_close(OCTOBER, finn, CLOSED_AT)
    )


def test_an_open_month_cannot_be_approved(golden: list[Download], finn: User) -> None:
    book_downloads(CLOSED_AT)
    refused("2026-10 is open", lambda: approve_close(OCTOBER, finn, CLOSED_AT))


def test_whoever_closed_a_month_cannot_approve_it(golden: list[Download], fay: User) -> None:
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, fay, CLOSED_AT)
    refused("fay closed 2026-10: somebody else must approve it", lambda: approve_close(OCTOBER, fay, CLOSED_AT))
    with pytest.raises(IntegrityError, match="period_approved_by_another"), transaction.atomic():
        Period.objects.update(state=Period.CLOSED, approved_by=fay)


def test_months_are_closed_in_their_order(sell: Sell, golden: list[Download], fay: User) -> None:
    sell(1_000, {"ana": 1_000_000}, at=datetime(2026, 11, 20, tzinfo=UTC))
    book_downloads(DECEMBER_AT)
    refused("2026-10 USD is still open", lambda: close_period(NOVEMBER, fay, DECEMBER_AT))


def test_a_month_is_not_closed_while_its_downloads_are_unbooked(golden: list[Download], fay: User) -> None:
    refused("2 downloads up to 2026-10 are not booked yet", lambda: close_period(OCTOBER, fay, CLOSED_AT))


def test_a_month_is_not_closed_while_downloads_of_an_earlier_one_are_unbooked(
    golden: list[Download], sell: Sell, fay: User
) -> None:
    """Otherwise they would be booked to a month before a closed one, and be in nobody's statement."""
    book_downloads(CLOSED_AT)
    sell(1_000, {"ana": 1_000_000}, at=datetime(2026, 9, 25, tzinfo=UTC))
    refused("1 downloads up to 2026-10 are not booked yet", lambda: close_period(OCTOBER, fay, CLOSED_AT))


def test_a_month_is_not_closed_while_a_download_is_not_attributed(
    golden: list[Download], carla: Customer, fay: User
) -> None:
    make_download(carla, golden[0].generation)
    book_downloads(CLOSED_AT)
    refused("1 downloads of 2026-10 have no inspiration list yet", lambda: close_period(OCTOBER, fay, CLOSED_AT))


def test_what_is_missing_since_the_close_was_asked_for_stops_its_approval(
    golden: list[Download], carla: Customer, fay: User, finn: User
) -> None:
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, fay, CLOSED_AT)
    make_download(carla, golden[0].generation)
    refused("1 downloads up to 2026-10 are not booked yet", lambda: approve_close(OCTOBER, finn, CLOSED_AT))


def test_a_download_that_comes_while_its_month_is_closing_is_shared_in_the_next(
    golden: list[Download], sell: Sell, fay: User, finn: User
) -> None:
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, fay, CLOSED_AT)
    late = sell(1_000, {"ana": 1_000_000})
    book_downloads(CLOSED_AT)
    assert approve_close(OCTOBER, finn, CLOSED_AT).pool_micro == 5_824_000
    assert str(RevenueEvent.objects.get(download=late).period) == "2026-11 USD"


def test_a_month_is_not_closed_while_a_finding_is_open(golden: list[Download], fay: User, finn: User) -> None:
    missing = Difference(FindingKind.TRANSFER_MISSING, "transfer tr_1", "Stripe does not list it.")
    book_downloads(CLOSED_AT)
    record_findings([missing], CLOSED_AT, None)
    refused("1 findings of the reconciliation with Stripe are open", lambda: close_period(OCTOBER, fay, CLOSED_AT))
    resolve_finding(Finding.objects.get().pk, finn, "Stripe's list was late.", CLOSED_AT)
    assert close_period(OCTOBER, fay, CLOSED_AT).state == Period.CLOSING


@pytest.mark.django_db(transaction=True)
def test_an_approval_that_fails_in_the_middle_leaves_nothing_half_written(
    golden: list[Download], fay: User, finn: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, fay, CLOSED_AT)
    before = row_counts(), dict(LedgerAccount.objects.values_list("pk", "balance_micro"))

    def power_cut(period: Period, at: datetime) -> int:
        assert Earning.objects.filter(period=period).exists()  # it is the middle
        raise OSError("the power went")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="the power went"):
        broken.setattr(closing, "issue_statements", power_cut)
        approve_close(OCTOBER, finn, CLOSED_AT)
    assert (row_counts(), dict(LedgerAccount.objects.values_list("pk", "balance_micro"))) == before
    assert Period.objects.get().state == Period.CLOSING

    assert approve_close(OCTOBER, finn, CLOSED_AT).pool_micro == 5_824_000
    assert Statement.objects.count() == 2


@pytest.mark.owner
@pytest.mark.parametrize("state", [Period.OPEN, Period.CLOSING, Period.CLOSED])
def test_a_closed_month_is_neither_reopened_nor_changed_nor_deleted(
    golden: list[Download], fay: User, finn: User, state: str
) -> None:
    period = make_closed_month(fay, finn)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Period.objects.update(state=state)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM payouts_period WHERE id = %s", [period.pk])
    period.refresh_from_db()
    assert period.state == Period.CLOSED


def test_a_month_without_a_policy_says_so_and_stays_open(fay: User) -> None:
    with pytest.raises(CannotClose, match="2026-10 cannot be shared: No policy was in force at 2026-10-01 00:00 UTC"):
        close_period(OCTOBER, fay, CLOSED_AT)
    assert not Period.objects.exclude(state=Period.OPEN).exists()


def test_sales_of_two_models_fill_the_fund_of_each_ones_own_training_set(
    sell: Sell, carla: Customer, fay: User, finn: User
) -> None:
    """Cleo is in the second training set only, so nothing of the first model's remainder is hers."""
    sell(1_000, {})
    cleo = make_contributor("Cleo")
    make_asset(cleo)
    model: GeneratorModel = make_generator_model(make_training_set(version="2"), name="second")
    download = make_download(carla, make_generation(model), gross_minor=1_000)
    make_inspiration_list(download, {}, InspirationList.objects.get().batch.encoder)
    period = make_closed_month(fay, finn)
    # Pool 2 x 3.88. First set 3.88 by 2 : 1. Second set 3.88 by 2 : 1 : 1, so 0.97 for Cleo.
    assert period.earnings.get(contributor=cleo).amount_micro == 970_000
    assert period.earnings.get(contributor__name="Ben").amount_micro == 1_293_333 + 970_000
    assert Month.parse("2026-10") == OCTOBER
