"""Finance's files: exact to the last digit, whole or refused, and nothing in them runs as a formula."""

import csv
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from openpyxl import load_workbook

from marketplace.models import Contributor, Customer, User
from payouts import reports
from payouts.gateway import StripeGateway
from payouts.models import PayoutRun, Posting
from payouts.refunds import record_refund
from payouts.report_queries import REPORTS
from payouts.reports import ReportRefused, as_csv, report_of, write_xlsx
from payouts.reversing import reverse_payout
from payouts.runs import cancel_payout_run, draft_payout_run
from payouts.sending import send_payout_run
from tests.builders import CLOSED_AT, make_connected_account, make_contributor, make_policy
from tests.payouts.paying import AT, fund, owe
from tests.payouts.selling import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    return Shop(ana, ben, carla, fay, finn)


def csv_rows(name: str, span: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO("".join(as_csv(*report_of(name, span))))))


def xlsx_rows(name: str, span: str) -> list[tuple[Any, ...]]:
    file = BytesIO()
    write_xlsx(*report_of(name, span), file)
    return list(load_workbook(file).active.iter_rows(values_only=True))  # type: ignore[union-attr]


def test_statements_are_exported_to_the_micro_unit_with_their_count_and_sums(shop: Shop) -> None:
    shop.worked_month()
    shop.close_october()
    ana, ben, footer = csv_rows("statements", "2026-10")
    assert (ana["name"], ana["earned"], ana["closing"]) == ("Ana", "5.971650", "5.971650")
    assert (ben["usage_month"], ben["issued_at"], ben["opening"]) == ("2026-10", "2026-11-02T09:00:00Z", "0.000000")
    assert (footer["usage_month"], footer["earned"], footer["name"]) == ("total of 2 rows", "11.652000", "")
    assert csv_rows("statements", "2026") == [ana, ben, footer]
    assert csv_rows("statements", "2026-11") == [dict.fromkeys(footer, "") | {
        "usage_month": "total of 0 rows", "opening": "0", "earned": "0", "adjusted": "0", "paid": "0", "closing": "0",
        "owed_back": "0",
    }]  # fmt: skip


def test_the_journal_has_every_posting_sums_to_zero_and_keeps_apart_what_a_posting_is_about(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    record_refund(first, 1_000, "re_1", CLOSED_AT)
    of_october, of_november = csv_rows("journal", "2026-10"), csv_rows("journal", "2026-11")
    assert len(of_october) + len(of_november) == Posting.objects.count() + 2
    assert {of_october[-1]["amount"], of_november[-1]["amount"]} == {"0.000000"}
    refunds = [row for row in of_november if row["kind"] == "refund"]
    assert {(row["month"], row["usage_month"]) for row in refunds} == {("2026-11", "2026-10")}
    owed = {row["contributor"]: row["amount"] for row in refunds if row["account"] == "payable"}
    assert owed == {str(shop.ana.pk): "-2.330400", str(shop.ben.pk): "-0.582600"}


def test_exclusions_say_why_and_a_cancelled_run_is_none(shop: Shop, fay: User) -> None:
    shop.worked_month()
    shop.close_october()
    make_connected_account(shop.ana)
    run = draft_payout_run(fay, AT)
    excluded, footer = csv_rows("exclusions", "2026-11")
    assert (excluded["name"], excluded["reason"], excluded["payable"]) == ("Ben", "no_connected_account", "5.680350")
    assert (footer["run"], footer["payable"]) == ("total of 1 row", "5.680350")
    payout, footer = csv_rows("payouts", "2026-11")
    assert (payout["name"], payout["amount"], payout["sent_at"], payout["state"]) == ("Ana", "5.97", "", "drafted")
    cancel_payout_run(run.pk)
    assert csv_rows("payouts", "2026-11")[0]["run"] == "total of 0 rows"


@pytest.mark.django_db(transaction=True)
def test_yearly_totals_are_what_was_sent_less_what_came_back_by_quarter(
    run: PayoutRun, gateway: StripeGateway, ana: Contributor
) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    of_ana = csv_rows("yearly_totals", str(run.payouts.get(contributor=ana).transfer.created_at.year))[0]
    assert of_ana["paid"] == "12.34"
    assert sum(Decimal(of_ana[f"paid_q{quarter}"]) for quarter in (1, 2, 3, 4)) == Decimal("12.34")
    reverse_payout(run.payouts.get(contributor=ana).pk, gateway, AT)
    year = str(run.payouts.get(contributor=ana).transfer.created_at.year)
    of_ana, of_ben, footer = csv_rows("yearly_totals", year)
    assert (of_ana["paid"], of_ben["paid"], footer["paid"]) == ("0.00", "5.00", "5.00")
    assert (of_ana["tax_form"], of_ana["tax_form_valid_until"], of_ana["transfers"]) == ("W-8BEN", "2029-12-31", "1")
    assert (of_ana["earned"], of_ana["country"], footer["transfers"]) == ("0.000000", "DE", "2")
    payouts = csv_rows("payouts", "2026")
    assert [row["reversed"] for row in payouts] == ["12.34", "0.00", "12.34"]
    assert payouts[0]["stripe_transfer_id"].startswith("tr_")
    assert csv_rows("yearly_totals", "2025")[0]["contributor"] == "total of 0 rows"


def test_a_workbook_has_the_rows_of_the_csv_with_amounts_that_can_be_added_up(shop: Shop) -> None:
    shop.worked_month()
    shop.close_october()
    for name in ("statements", "journal"):
        report, span = report_of(name, "2026-10")
        of_csv = list(csv.reader(StringIO("".join(as_csv(report, span)))))
        of_xlsx = xlsx_rows(name, "2026-10")
        assert [len(row) for row in of_xlsx] == [len(row) for row in of_csv]
        for row, same in zip(of_xlsx[1:], of_csv[1:], strict=True):
            for column, cell, text in zip(report.columns, row, same, strict=True):
                if column in report.summed:
                    assert Decimal(str(cell)) == Decimal(text)
                else:
                    assert str(cell or "") == text


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r\n=1+1", "  =1+1"])
def test_a_name_that_begins_like_a_formula_is_text_in_both_formats(name: str, fay: User) -> None:
    contributor = make_contributor("somebody")
    contributor.name = name
    contributor.save()
    owe(contributor, 1_000_000)
    make_policy()
    draft_payout_run(fay, AT)
    of_csv = csv_rows("exclusions", "2026-11")[0]
    of_xlsx = dict(zip(REPORTS["exclusions"].columns, xlsx_rows("exclusions", "2026-11")[1], strict=True))
    for row in (of_csv, of_xlsx):
        assert row["name"].startswith("'")
        assert row["name"].endswith(name.strip())
        assert row["name"].isprintable()
    assert of_csv["payable"] == "1.000000"


def test_a_file_is_read_and_written_a_few_rows_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.worked_month()
    shop.close_october()
    whole = "".join(as_csv(*report_of("journal", "2026-10")))
    monkeypatch.setattr(reports, "ROWS_AT_ONCE", 3)
    parts = list(as_csv(*report_of("journal", "2026-10")))
    assert max(part.count("\n") for part in parts) == 3
    assert "".join(parts) == whole


def test_what_a_sheet_cannot_hold_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shop.worked_month()
    shop.close_october()
    monkeypatch.setattr(reports, "ROWS_OF_A_SHEET", 5)
    with pytest.raises(ReportRefused, match="journal of 2026-10 has more rows than a sheet: take CSV"):
        xlsx_rows("journal", "2026-10")
    with pytest.raises(CommandError, match="more rows than a sheet"):
        call_command("export_report", "journal", "2026-10", str(tmp_path / "journal.xlsx"))
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize(
    ("name", "span", "says"),
    [
        ("payslips", "2026-10", "There is no report 'payslips': ask for one of payouts, exclusions"),
        ("payouts", "2026-13", "'2026-13' is no month or year: give one such as 2026-10 or 2026"),
        ("payouts", "20x6", "'20x6' is no month or year"),
        ("yearly_totals", "2026-10", "yearly_totals are of a year: give one such as 2026"),
    ],
)
def test_what_cannot_be_reported_is_refused_with_what_can_be(name: str, span: str, says: str) -> None:
    with pytest.raises(ReportRefused, match=says):
        report_of(name, span)


def test_the_command_writes_the_files_of_the_page(shop: Shop, tmp_path: Path) -> None:
    shop.worked_month()
    shop.close_october()
    call_command("export_report", "statements", "2026-10", str(tmp_path / "s.csv"))
    assert (tmp_path / "s.csv").read_text() == "".join(as_csv(*report_of("statements", "2026-10")))
    call_command("export_report", "statements", "2026-10", str(tmp_path / "s.xlsx"))
    assert load_workbook(tmp_path / "s.xlsx").sheetnames == ["statements"]
    with pytest.raises(CommandError, match=r"neither with .csv nor with .xlsx"):
        call_command("export_report", "statements", "2026-10", str(tmp_path / "s.pdf"))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["s.csv", "s.xlsx"]


def test_finance_downloads_a_file_and_nobody_else_finds_the_page(
    client: Client, shop: Shop, ana: Contributor, fay: User
) -> None:
    shop.worked_month()
    shop.close_october()
    assert ana.user is not None
    client.force_login(ana.user)
    asked = "/finance/exports/?report=statements&span=2026-10&ending="
    assert [client.get(path).status_code for path in ("/finance/exports/", f"{asked}csv")] == [404, 404]
    client.force_login(fay)
    assert "a row for each line, and one footer" in client.get("/finance/exports/").content.decode()
    answer = client.get(f"{asked}csv")
    assert answer.streaming
    assert answer["Content-Disposition"] == 'attachment; filename="statements-2026-10.csv"'
    assert b"".join(answer).decode() == "".join(as_csv(*report_of("statements", "2026-10")))
    workbook = b"".join(client.get(f"{asked}xlsx"))
    assert load_workbook(BytesIO(workbook)).sheetnames == ["statements"]
    refused = client.get("/finance/exports/?report=yearly_totals&span=2026-10&ending=csv", follow=True)
    assert "are of a year" in refused.content.decode()
    assert "Select a valid choice" in client.get(f"{asked}pdf").content.decode()
