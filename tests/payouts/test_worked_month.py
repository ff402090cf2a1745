"""The worked month of payouts/README.md and fixtures/golden, through the real services."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from marketplace.core.money import format_micro
from marketplace.models import Contributor, Customer, User
from payouts.booking import record_available_funds
from payouts.gateway import StripeGateway
from payouts.integrity import findings
from payouts.models import Earning, Period, Posting
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import send_payout_run
from tests.builders import (
    CLOSED_AT,
    make_asset,
    make_closed_month,
    make_connected_account,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_policy,
    make_training_set,
)
from tests.payouts.oracle import attributed_weights, unattributed_weights
from tests.payouts.paying import onboard

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "golden" / "worked_month.csv"


def worked_month(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    """Ana has 3 assets in the training set and Ben 1; two downloads of 10.00 and 20.00."""
    of_ana = [make_asset(ana) for _ in range(3)]
    of_ben = make_asset(ben)
    model, encoder = make_generator_model(make_training_set()), make_encoder()
    first = make_download(carla, make_generation(model), gross_minor=1_000)
    make_inspiration_list(first, {of_ana[0]: 400_000, of_ana[1]: 200_000, of_ben: 150_000}, encoder)
    second = make_download(carla, make_generation(model), gross_minor=2_000)
    make_inspiration_list(second, {of_ben: 500_000}, encoder)
    return make_closed_month(fay, finn)


@pytest.mark.parametrize(
    ("threshold_minor", "sent_minor", "carried_micro"),
    [
        (1_000, {"Ana": 0, "Ben": 0}, {"Ana": 5_971_650, "Ben": 5_680_350}),
        (500, {"Ana": 597, "Ben": 568}, {"Ana": 1_650, "Ben": 350}),
    ],
)
def test_the_worked_month_of_the_readme(
    ana: Contributor,
    ben: Contributor,
    carla: Customer,
    fay: User,
    finn: User,
    threshold_minor: int,
    sent_minor: dict[str, int],
    carried_micro: dict[str, int],
) -> None:
    make_policy(contributor_rate_ppm=400_000, fee_ppm=29_000, threshold_minor=threshold_minor)
    period = worked_month(ana, ben, carla, fay, finn)
    for contributor in (ana, ben):
        make_connected_account(contributor)

    events = period.revenue_events.order_by("gross_minor").values_list("gross_minor", "fee_minor", "net_minor")
    assert list(events) == [(1_000, 29, 971), (2_000, 58, 1_942)]
    assert (period.net_minor, period.pool_micro, period.common_fund_micro) == (2_913, 11_652_000, 4_855_000)
    assert attributed_weights(period) == {ana.pk: 600_000_000, ben.pk: 1_150_000_000}
    assert list(unattributed_weights(period).values()) == [1_250_000_000]

    earned_micro = {(e.contributor.name, e.kind): e.amount_micro for e in period.earnings.all()}
    assert earned_micro == {
        ("Ana", Earning.ATTRIBUTION): 2_330_400,
        ("Ben", Earning.ATTRIBUTION): 4_466_600,
        ("Ana", Earning.COMMON_FUND): 3_641_250,
        ("Ben", Earning.COMMON_FUND): 1_213_750,
    }

    payouts = draft_payout_run(fay, CLOSED_AT).payouts.select_related("contributor")
    assert {p.contributor.name: p.amount_minor for p in payouts} == sent_minor
    closing_micro = {s.contributor.name: s.closing_micro for s in period.statements.select_related("contributor")}
    assert {name: micro - sent_minor[name] * 10_000 for name, micro in closing_micro.items()} == carried_micro


def journal() -> str:
    """Every posting in the order of the entries, as the fixture has it: names in place of ids."""
    written = StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["booked_in", "entry", "account", "whose", "amount"])
    postings = Posting.objects.select_related("entry__period", "account__contributor").order_by("entry", "pk")
    for posting in sorted(postings, key=lambda one: (one.entry_id, one.account.kind, str(one.account.contributor))):
        account, entry = posting.account, posting.entry
        booked_in, amount = f"{entry.period.month_on:%Y-%m}", format_micro(posting.amount_micro)
        rows.writerow([booked_in, entry.kind, account.kind, account.contributor or "", amount])
    return written.getvalue()


@pytest.mark.django_db(transaction=True)
def test_every_posting_of_the_worked_month_from_sale_to_transfer_is_the_one_in_fixtures(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, gateway: StripeGateway
) -> None:
    make_policy(contributor_rate_ppm=400_000, fee_ppm=29_000, threshold_minor=500)
    worked_month(ana, ben, carla, fay, finn)
    gateway.top_up(2_913, "usd", idempotency_key="october")
    record_available_funds(2_913, "october", CLOSED_AT)
    for contributor in (ana, ben):
        onboard(contributor, gateway)
    run = approve_payout_run(draft_payout_run(fay, CLOSED_AT).pk, finn, CLOSED_AT)
    send_payout_run(run.pk, gateway, CLOSED_AT)
    assert journal() == GOLDEN.read_text(encoding="utf-8")
    assert list(findings()) == []
