"""Statements on pages and as files: their contributor alone has them, and every figure in them is the same."""

import csv
import json
import re
import subprocess
import sys
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from pypdf import PdfReader

from marketplace.models import Contributor, Customer, User
from payouts.figures import statement_chart
from payouts.models import AuditLink, Period, Statement
from tests.builders import make_attributed_downloads, make_closed_month, make_contributor, make_user
from tests.payouts.test_pages import log_in

STATEMENT = "/contributor/statements/2026-10/"
FILES = ("statement.json", "statement.csv", "statement.pdf")


@pytest.fixture
def october(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    make_attributed_downloads([ana, ben], carla)
    return make_closed_month(fay, finn)


def fetched(client: Client, path: str) -> bytes:
    response = client.get(path)
    assert response.status_code == 200
    return response.content


def amount(micro: int) -> str:
    return f"{Decimal(micro) / 1_000_000:.6f} USD"


def test_a_contributor_sees_their_statement_with_its_lines_and_its_proof(
    client: Client, october: Period, ana: Contributor
) -> None:
    log_in(client, ana)
    statement = Statement.objects.get(contributor=ana)
    assert f'href="{STATEMENT}"' in fetched(client, "/contributor/statements/").decode()
    page = fetched(client, STATEMENT).decode()
    assert f"+ {amount(statement.earned_micro)} earned" in page
    assert f"<strong>{amount(statement.closing_micro)} closing</strong>" in page
    assert page.count('aria-label="Why download') == 3
    assert all(f'href="{STATEMENT}{name}"' in page for name in FILES)
    assert f'href="{STATEMENT}check/"' in page


def test_the_proof_is_run_in_front_of_the_reader_from_their_bytes_to_the_published_root(
    client: Client, october: Period, ana: Contributor
) -> None:
    log_in(client, ana)
    statement = Statement.objects.get(contributor=ana)
    page = fetched(client, STATEMENT + "check/").decode()
    assert "It fits the published root." in page
    assert "as when it was issued" in page
    other = Statement.objects.exclude(pk=statement.pk).get()
    assert page.index(statement.leaf_sha256) < page.index(other.leaf_sha256)  # beside it, at the only step
    assert page.count(october.statement_root.root_sha256) == 3  # as the last step, as the root, and in the command
    assert f"python verify_statement.py statement-2026-10.json {october.statement_root.root_sha256}" in page


@pytest.mark.owner
def test_a_page_says_when_what_is_stored_is_not_what_was_issued(
    client: Client, october: Period, ana: Contributor
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE payouts_revenueevent SET gross_minor = 2000, net_minor = 2000 - fee_minor")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    log_in(client, ana)
    page = fetched(client, STATEMENT + "check/").decode()
    assert "It does not fit the published root." in page
    assert "not as when it was issued" in page


def test_nobody_gets_the_statement_of_somebody_else(
    client: Client, october: Period, ana: Contributor, ben: Contributor, carla: Customer, fay: User
) -> None:
    root = make_user("root", is_superuser=True)
    for stranger in (carla, fay, root, make_contributor("Eve")):
        log_in(client, stranger)
        assert [client.get(STATEMENT + name).status_code for name in ("", *FILES)] == [404] * 4
    client.logout()
    assert {client.get(STATEMENT + name).headers["Location"].partition("?")[0] for name in ("", *FILES)} == {
        "/accounts/login/"
    }
    log_in(client, ben)
    assert json.loads(fetched(client, STATEMENT + "statement.json"))["statement"]["contributor"] == ben.pk
    assert client.get("/contributor/statements/2026-09/").status_code == 404
    assert client.post(STATEMENT).status_code == 405


def test_what_was_downloaded_is_checked_offline_with_the_script_and_the_root_of_the_pages(
    client: Client, october: Period, ana: Contributor, tmp_path: Path
) -> None:
    roots = fetched(client, "/statement-roots/").decode()  # nobody is logged in
    script = client.get("/statement-roots/verify_statement.py")
    (tmp_path / "verify_statement.py").write_bytes(b"".join(script.streaming_content))  # type: ignore[attr-defined]
    log_in(client, ana)
    (tmp_path / "statement.json").write_bytes(fetched(client, STATEMENT + "statement.json"))
    root = re.findall(r"\b[0-9a-f]{64}\b", roots)[0]
    ran = subprocess.run(
        [sys.executable, "-I", "verify_statement.py", "statement.json", root],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "Everything fits."), ran.stdout + ran.stderr


@pytest.mark.django_db(transaction=True)
def test_the_public_page_tells_nothing_but_month_count_root_and_link(
    client: Client, october: Period, ana: Contributor
) -> None:
    page = fetched(client, "/statement-roots/").decode()
    link = AuditLink.objects.get(subject="statement_root")
    assert "October 2026" in page
    assert "Nov 2, 2026, 09:00 UTC" in page
    assert set(re.findall(r"\b[0-9a-f]{64}\b", page)) == {october.statement_root.root_sha256, link.sha256}
    assert "Ana" not in page


def test_an_installation_without_closed_months_has_the_public_page_too(client: Client, db: None) -> None:
    assert "No month is closed yet" in fetched(client, "/statement-roots/").decode()


def test_the_csv_adds_up_and_is_for_machines(client: Client, october: Period, ana: Contributor) -> None:
    log_in(client, ana)
    response = client.get(STATEMENT + "statement.csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="statement-2026-10.csv"'
    rows = list(csv.DictReader(StringIO(response.content.decode())))
    *lines, footer = rows
    in_balance = [Decimal(row["amount"]) for row in lines if row["section"] != "image"]
    attribution = next(row["amount"] for row in lines if row["kind"] == "attribution")
    assert sum(in_balance) == Decimal(footer["amount"])
    assert sum(Decimal(row["amount"]) for row in lines if row["section"] == "image") == Decimal(attribution)
    assert {row["currency"] for row in rows} == {"USD"}
    assert footer["section"] == "closing"
    assert re.fullmatch(r"2026-10-14T12:00:00\.000000Z", next(row["at"] for row in lines if row["section"] == "image"))
    assert all(re.fullmatch(r"-?\d+\.\d{6}", row["amount"]) for row in rows)


def test_the_pdf_has_every_figure_with_currency_and_time_zone(
    client: Client, october: Period, ana: Contributor
) -> None:
    log_in(client, ana)
    data = fetched(client, STATEMENT + "statement.pdf")
    assert data == fetched(client, STATEMENT + "statement.pdf")
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(data)).pages)
    document = json.loads(fetched(client, STATEMENT + "statement.json"))["statement"]
    for line in [*document["earnings"], *document["images"]]:
        assert amount(line["amount_micro"]) in text
    assert text.count(amount(document["closing_micro"])) == 2
    assert "Ana, contributor" in text
    assert "All times are UTC" in text
    assert october.statement_root.root_sha256 in "".join(text.split())


def test_a_name_that_the_pdf_cannot_write_is_left_to_the_number(
    client: Client, carla: Customer, fay: User, finn: User
) -> None:
    contributor = make_contributor("田中 <b>")
    make_attributed_downloads([contributor], carla)
    make_closed_month(fay, finn)
    log_in(client, contributor)
    data = fetched(client, STATEMENT + "statement.pdf")
    text = PdfReader(BytesIO(data)).pages[0].extract_text()
    assert f"contributor {contributor.pk}. Issued at" in text


def test_the_chart_of_a_statement_goes_from_opening_to_closing(october: Period, ana: Contributor) -> None:
    statement = Statement.objects.get(contributor=ana)
    statement.opening_micro, statement.paid_micro = 2_000_000, 1_500_000
    statement.closing_micro += 500_000
    drawn = statement_chart(statement)
    assert drawn is not None
    *steps, closing = drawn.marks
    assert [mark.place for mark in drawn.marks] == ["Opening", "Earned", "Adjusted", "Paid", "Closing"]
    assert sum(mark.amount for mark in steps) == closing.amount
    assert closing.shown == amount(statement.closing_micro)
