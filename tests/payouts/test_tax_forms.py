"""Tax forms: nobody is paid without the right one, finance says which is, and no review is ever changed."""

from datetime import date, timedelta

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from marketplace.models import Contributor, User
from payouts.core.states import PayoutState
from payouts.core.tax_forms import TaxFormKind
from payouts.models import ConnectedAccount, Payout, TaxFormReview
from payouts.runs import cancel_payout_run, draft_payout_run
from payouts.tax_forms import TaxFormRefused, record_tax_form
from tests.builders import JOINED_AT, make_connected_account, make_contributor, make_policy, make_tax_form
from tests.payouts.paying import AT, owe

ON = AT.date()
UNTIL = date(2029, 12, 31)


def drafted(fay: User) -> Payout:
    """The one payout of a draft, which is given up again."""
    run = draft_payout_run(fay, AT)
    cancel_payout_run(run.pk)
    return run.payouts.get()


def test_the_newest_review_decides_whether_somebody_is_paid(ana: Contributor, fay: User) -> None:
    make_policy()
    owe(ana, 5_000_000)
    make_connected_account(ana)
    assert drafted(fay).state == PayoutState.DRAFTED
    record_tax_form(ana, TaxFormKind.W8BEN, ON, None, "the signature is missing", fay, AT)
    excluded = drafted(fay)
    assert (excluded.state, excluded.reason) == (PayoutState.EXCLUDED, "tax_form")
    assert excluded.explanation == (
        "5.00 USD is waiting. Your W-8BEN was rejected (the signature is missing): send us another one, W-8BEN or "
        "W-8BEN-E."
    )
    record_tax_form(ana, TaxFormKind.W8BEN, ON, UNTIL, "", fay, AT)
    assert drafted(fay).state == PayoutState.DRAFTED


def test_a_review_of_later_says_nothing_of_a_run_before_it(ana: Contributor, fay: User) -> None:
    make_policy()
    owe(ana, 5_000_000)
    make_connected_account(ana)
    record_tax_form(ana, TaxFormKind.W8BEN, ON, None, "not legible", fay, AT + timedelta(days=1))
    assert drafted(fay).state == PayoutState.DRAFTED


def test_a_form_that_has_ended_is_named_with_its_last_day(ana: Contributor, fay: User) -> None:
    make_policy()
    owe(ana, 5_000_000)
    make_connected_account(ana)
    record_tax_form(ana, TaxFormKind.W8BEN, JOINED_AT.date(), date(2026, 11, 2), "", fay, JOINED_AT + timedelta(days=1))
    assert drafted(fay).explanation == "5.00 USD is waiting. Your W-8BEN was valid until 2026-11-02: send us a new one."


def test_who_is_paid_in_a_country_that_transfers_do_not_reach_is_told_so(fay: User) -> None:
    make_policy()
    owe(make_contributor("Yui", country="JP"), 5_000_000)
    assert drafted(fay).reason == "country_not_reached"


@pytest.mark.parametrize(
    ("kind", "received_on", "until", "rejected_because", "says"),
    [
        (
            TaxFormKind.W9,
            ON,
            None,
            "",
            "A W-9 is not for Ana: a platform in US asks only W-8BEN or W-8BEN-E of .* in DE",
        ),
        (TaxFormKind.W8BEN, ON, None, "", "say until when it holds"),
        (TaxFormKind.W8BEN, ON - timedelta(9), ON - timedelta(1), "", "was valid until 2026-11-02: ask for a new one"),
        (TaxFormKind.W8BEN, ON + timedelta(1), UNTIL, "", "2026-11-04 has not come yet"),
        (TaxFormKind.W8BEN, ON, ON - timedelta(1), "old", "cannot have been valid until 2026-11-02"),
        (TaxFormKind.W8BEN, ON, None, "x" * 301, "has 301 letters: say it in 300"),
    ],
)
def test_a_review_that_cannot_be_right_is_refused_and_says_why(
    ana: Contributor,
    fay: User,
    kind: TaxFormKind,
    received_on: date,
    until: date | None,
    rejected_because: str,
    says: str,
) -> None:
    with pytest.raises(TaxFormRefused, match=says):
        record_tax_form(ana, kind, received_on, until, rejected_because, fay, AT)
    assert not TaxFormReview.objects.exists()


def test_a_platform_elsewhere_asks_for_no_form(ana: Contributor, fay: User, settings: LazySettings) -> None:
    make_policy()
    settings.PLATFORM_COUNTRY = "CA"
    with pytest.raises(TaxFormRefused, match="asks no form of contributors in DE"):
        record_tax_form(ana, TaxFormKind.DAC7, ON, None, "", fay, AT)


def test_the_country_of_the_account_says_which_form_is_needed(ana: Contributor, fay: User) -> None:
    make_policy()
    owe(ana, 5_000_000)
    ConnectedAccount.objects.create(
        contributor=ana, stripe_account_id="acct_us", country="US", transfers_enabled=True, refreshed_at=JOINED_AT
    )
    record_tax_form(ana, TaxFormKind.W9, ON, None, "", fay, AT)
    assert drafted(fay).state == PayoutState.DRAFTED
    with pytest.raises(TaxFormRefused, match="asks only W-9 of contributors in US"):
        record_tax_form(ana, TaxFormKind.W8BEN, ON, UNTIL, "", fay, AT)


def test_the_database_keeps_reviews_as_they_were_recorded(ana: Contributor, fay: User) -> None:
    review = make_tax_form(ana)
    for write in (lambda: TaxFormReview.objects.update(is_accepted=False, note="no"), review.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()
    row = {"contributor": ana, "received_on": ON, "reviewed_by": fay, "reviewed_at": AT}
    for wrong, name in [
        ({"kind": "W-8BEN", "is_accepted": True}, "accepted_w8_says_until_when"),
        ({"kind": "W-9", "is_accepted": False}, "rejected_tax_form_says_why"),
        ({"kind": "W-10", "is_accepted": True}, "tax_form_kind_known"),
    ]:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            TaxFormReview.objects.create(**row, **wrong)


def test_finance_records_a_review_by_command(
    ana: Contributor, fay: User, carla: object, capsys: pytest.CaptureFixture[str]
) -> None:
    by_fay = ("--received", "2020-01-02", "--by", "fay")
    call_command("record_tax_form", str(ana.pk), "w8ben", *by_fay, "--valid-until", "2099-12-31")
    call_command("record_tax_form", str(ana.pk), "w8ben_e", *by_fay, "--rejected", "it is for companies")
    assert capsys.readouterr().out.splitlines() == [
        "W-8BEN received on 2020-01-02 of Ana: accepted.",
        "W-8BEN-E received on 2020-01-02 of Ana: rejected.",
    ]
    with pytest.raises(CommandError, match="carla is not in finance"):
        call_command("record_tax_form", str(ana.pk), "w8ben", "--received", "2020-01-02", "--by", "carla")
    with pytest.raises(CommandError, match="is not for Ana"):
        call_command("record_tax_form", str(ana.pk), "w9", *by_fay)


def test_finance_records_a_review_on_a_page_that_lists_who_was_left_out(
    client: Client, ana: Contributor, fay: User
) -> None:
    make_policy()
    owe(ana, 5_000_000)
    make_connected_account(ana)
    make_tax_form(ana, rejected_because="the signature is missing")
    draft_payout_run(fay, AT)
    client.force_login(fay)
    assert "Your W-8BEN was rejected (the signature is missing)" in client.get("/finance/tax-forms/").content.decode()
    sent = {"contributor": ana.pk, "kind": "W-8BEN", "received_on": "2020-01-02", "rejected_because": ""}
    refused = client.post("/finance/tax-forms/", sent).content.decode()
    assert "say until when it holds" in refused
    page = client.post("/finance/tax-forms/", sent | {"valid_until_on": "2099-12-31"}, follow=True).content.decode()
    assert "W-8BEN of Ana is accepted. It counts from now on." in page
    assert ana.tax_form_reviews.latest("reviewed_at").reviewed_by == fay
    unknown = client.post("/finance/tax-forms/", sent | {"contributor": 0}).content.decode()
    assert "There is no contributor with this number." in unknown


def test_only_finance_reviews_tax_forms(client: Client, ana: Contributor) -> None:
    assert ana.user is not None
    client.force_login(ana.user)
    assert client.get("/finance/tax-forms/").status_code == 404
    sent = {"contributor": ana.pk, "kind": "W-8BEN", "received_on": "2020-01-02", "valid_until_on": "2099-12-31"}
    assert client.post("/finance/tax-forms/", sent).status_code == 404
    assert not TaxFormReview.objects.exists()
