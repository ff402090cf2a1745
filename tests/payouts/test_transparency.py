"""Everybody can see what is sold, what was paid, how far estimates are off, and what was refused."""

import pytest
from django.test import Client

from attribution.models import Encoder
from attribution.published import published_error
from marketplace.formats import micro_amount, minor_amount
from marketplace.models import Contributor, Customer, GeneratorModel, User
from payouts.models import Period
from payouts.transparency import attribution_error, audited_models, public_months
from tests.builders import make_attributed_downloads, make_closed_month


@pytest.fixture
def october(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    make_attributed_downloads([ana, ben], carla)
    return make_closed_month(fay, finn)


def test_a_closed_month_is_shown_in_sums_with_its_root_and_without_any_name(client: Client, october: Period) -> None:
    page = client.get("/transparency/").content.decode()
    (month,) = public_months().closed
    assert month.period == october
    assert october.pool_micro is not None
    for shown in (
        "October 2026",
        october.statement_root.root_sha256,
        micro_amount(october.pool_micro, "USD"),
        minor_amount(month.paid_minor, "USD"),
    ):
        assert shown in page
    assert "Ana" not in page
    assert "Carla" not in page


def test_the_models_on_sale_are_shown_with_the_interval_of_their_audit(client: Client, october: Period) -> None:
    (one,) = audited_models()
    assert one.audit is not None
    assert one.near_copies is not None
    assert one.near_copies.low <= one.near_copies.rate <= one.near_copies.high
    assert f"of {one.audit.generations}" in client.get("/transparency/").content.decode()
    GeneratorModel.objects.update(state="retired")
    assert audited_models() == []
    assert "No model is on sale." in client.get("/transparency/").content.decode()


def test_the_error_is_that_of_the_encoder_by_which_people_are_paid(client: Client, october: Period) -> None:
    name = Encoder.objects.get(state="current").name
    assert attribution_error() == (name, published_error(name))
    page = client.get("/transparency/").content.decode()
    assert f"People are paid by the encoder {name}" in page


def test_nobody_needs_an_account_and_nothing_has_to_have_happened(client: Client, db: None) -> None:
    page = client.get("/transparency/").content.decode()
    assert "No month is closed yet." in page
    assert "Nobody is paid by any encoder yet." in page
    assert "0 of 0 appeals won" in page
    assert "0 not decided in time" in page
