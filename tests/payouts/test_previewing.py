"""A dry run shows what closing a month would do, to the micro-unit, and writes nothing."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from marketplace.models import Contributor, Customer, TrainingSet, User
from payouts.booking import book_downloads
from payouts.closing import CannotClose, approve_close, close_period
from payouts.deals import record_dataset_deal
from payouts.models import Period
from payouts.previewing import preview_close
from payouts.refunds import record_refund
from tests.builders import CLOSED_AT, OCTOBER, SOLD_AT
from tests.payouts.selling import DECEMBER_AT, IN_NOVEMBER, NOVEMBER, Shop
from tests.payouts.test_closing import row_counts
from tests.payouts.test_pages import log_in


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    return Shop(ana, ben, carla, fay, finn)


@pytest.fixture
def _booked(shop: Shop) -> None:
    """The worked month, with a deal of 50.00 for its training set."""
    shop.worked_month()
    catalogue: TrainingSet | None = shop.model.training_set
    assert catalogue is not None
    record_dataset_deal(catalogue, 5_000, 145, "deal 1", SOLD_AT)
    book_downloads(CLOSED_AT)


@pytest.mark.usefixtures("_booked")
def test_the_waterfall_goes_from_gross_to_what_is_earned_and_nothing_is_written() -> None:
    before = row_counts()
    preview = preview_close(OCTOBER, CLOSED_AT)
    assert [(step.label, step.amount_micro) for step in preview.waterfall] == [
        ("download sale", 30_000_000),
        ("dataset deal", 50_000_000),
        ("fees", -870_000 - 1_450_000),
        ("net revenue", 77_680_000),
        ("the platform's part, at a contributor rate of 40.0000 %", -46_608_000),
        ("pool", 31_072_000),
        ("kept back by common funds for what they gave back", 0),
        ("earned by contributors", 31_072_000),
        ("of it attribution", 2_330_400 + 4_466_600),
        ("of it common fund", 4_855_000),
        ("of it dataset deal", 19_420_000),
    ]
    assert (preview.statement_count, preview.earned_micro, preview.netted_micro) == (2, 31_072_000, 0)
    assert row_counts() == before
    assert Period.objects.get().state == Period.OPEN


@pytest.mark.parametrize("is_closing", [False, True])
def test_what_was_previewed_is_what_is_then_closed(shop: Shop, is_closing: bool) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    shop.pay(shop.ana, 597)
    record_refund(first, 1_000, "re_1", IN_NOVEMBER)
    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    book_downloads(DECEMBER_AT)
    if is_closing:
        close_period(NOVEMBER, shop.fay, DECEMBER_AT)
    preview = preview_close(NOVEMBER, DECEMBER_AT)
    november = approve_close(NOVEMBER, shop.finn, DECEMBER_AT) if is_closing else shop.close_november()
    earned_micro = sum(november.earnings.values_list("amount_micro", flat=True))
    assert (preview.earned_micro, preview.statement_count) == (earned_micro, november.statements.count())
    assert preview.earned_micro + 971_000 == november.pool_micro  # which the common fund kept back
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.amount_micro FROM payouts_posting AS p JOIN payouts_entry AS e ON e.id = p.entry_id "
            "JOIN payouts_ledgeraccount AS a ON a.id = p.account_id "
            "WHERE e.kind = 'receivable_netted' AND a.kind = 'receivable'"
        )
        assert cursor.fetchall() == [(preview.netted_micro,)]


@pytest.mark.usefixtures("_booked")
def test_a_month_that_cannot_be_closed_is_refused_by_the_dry_run_too() -> None:
    with pytest.raises(CannotClose, match="2026-10 ends at"):
        preview_close(OCTOBER, SOLD_AT)
    with pytest.raises(CannotClose, match="Nothing was booked to 2026-11 yet"):
        preview_close(NOVEMBER, DECEMBER_AT)
    assert Period.objects.count() == 1


@pytest.mark.usefixtures("_booked")
def test_two_people_close_a_month_from_the_command_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("close_period", "2026-10", "--dry-run")
    out = capsys.readouterr().out
    assert "=            31.072000 pool\n" in out
    assert "2 statements would be issued, with 31.072000 USD earned" in out
    call_command("close_period", "2026-10", "--by=fay")
    assert capsys.readouterr().out.startswith("2026-10 is closing. Somebody else must approve it now")
    with pytest.raises(CommandError, match="2026-10 is closing already"):
        call_command("close_period", "2026-10", "--by=fay")
    with pytest.raises(CommandError, match="fay closed 2026-10: somebody else must approve it"):
        call_command("approve_close", "2026-10", "--by=fay")
    with pytest.raises(CommandError, match="carla is not in finance"):
        call_command("approve_close", "2026-10", "--by=carla")
    call_command("approve_close", "2026-10", "--by=finn")
    assert capsys.readouterr().out.splitlines()[-1] == (
        "2026-10 is closed for good: a pool of 31.072000 USD, 2 statements."
    )
    with pytest.raises(CommandError, match="2026-10 is closed: it can be approved while it is closing"):
        call_command("approve_close", "2026-10", "--by=finn")
    with pytest.raises(CommandError, match="Give one such as 2026-10"):
        call_command("approve_close", "October", "--by=finn")


@pytest.mark.usefixtures("_booked")
def test_finance_sees_the_preview_on_a_page_before_closing(client: Client, shop: Shop) -> None:
    log_in(client, shop.fay)
    months = client.get("/finance/months/").content.decode()
    assert "/finance/months/2026-10/preview/" in months
    page = client.get("/finance/months/2026-10/preview/").content.decode()
    assert "31.072000 USD" in page
    assert "2 statements" in page
    refused = client.get("/finance/months/2026-09/preview/", follow=True).content.decode()
    assert "Nothing was booked to 2026-09 yet" in refused
    log_in(client, shop.ana)
    assert client.get("/finance/months/2026-10/preview/").status_code == 404
