"""Who owes something back reads so in the statement, and whoever owes nothing does not."""

import csv
import json
from io import BytesIO, StringIO

import pytest
from django.test import Client
from pypdf import PdfReader

from marketplace.models import Contributor, Customer, User
from payouts.documents import document_of, statement_file
from payouts.models import Statement
from payouts.refunds import record_refund
from payouts.statement_csv import as_csv
from payouts.statement_pdf import as_pdf
from payouts.verify_statement import check, read
from tests.payouts.selling import IN_NOVEMBER, Shop, off

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """The worked month, both paid, and its first download refunded in November, as in the README."""
    shop = Shop(ana, ben, carla, fay, finn)
    first, _ = shop.worked_month()
    shop.close_october()
    shop.pay(ana, 597)
    shop.pay(ben, 568)
    record_refund(first, 1_000, "re_1", IN_NOVEMBER)
    return shop


def statement_of(contributor: Contributor) -> Statement:
    return Statement.objects.get(contributor=contributor, period__month_on="2026-11-01")


def test_the_statement_tells_what_is_owed_back_after_netting(shop: Shop) -> None:
    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    period = shop.close_november()
    assert dict(period.statements.values_list("contributor__name", "owed_back_micro")) == {"Ana": 0, "Ben": 339_500}
    assert off() == []
    file = statement_file(statement_of(shop.ben))
    assert json.loads(file)["statement"]["owed_back_micro"] == 339_500
    assert check(*read(file), bytes.fromhex(period.statement_root.root_sha256)) == 0


def test_page_pdf_and_csv_tell_it_to_who_owes_something_only(shop: Shop, client: Client) -> None:
    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    shop.close_november()
    for contributor, owes in ((shop.ana, False), (shop.ben, True)):
        assert contributor.user is not None
        client.force_login(contributor.user)
        page = client.get("/contributor/statements/2026-11/").content.decode()
        document = document_of(statement_of(contributor))
        pdf = PdfReader(BytesIO(as_pdf(document, contributor.name, "", ""))).pages[0].extract_text()
        sections = {row["section"]: row["amount"] for row in csv.DictReader(StringIO(as_csv(document)))}
        assert ("you owed 0.339500 USD back" in page) == owes
        assert ("0.339500 USD was owed back" in pdf) == owes
        assert sections.get("owed_back") == ("0.339500" if owes else None)


def test_who_has_a_debt_and_nothing_else_gets_a_statement_too(shop: Shop) -> None:
    shop.close_november()
    owed = dict(Statement.objects.filter(period__month_on="2026-11-01").values_list("contributor", "owed_back_micro"))
    assert owed == {shop.ana.pk: 2_328_750, shop.ben.pk: 582_250}
