"""Everybody can read what a generator model is before they license its images; operators put it on sale."""

import hashlib

import pytest
from django.test import Client

from marketplace.generator_models import retire_model
from marketplace.models import Contributor, GeneratorModel, ModelStateChange
from tests.builders import (
    FROZEN_AT,
    audit_and_sell,
    make_asset,
    make_draft_model,
    make_generation,
    make_training_set,
    make_user,
)


@pytest.fixture
def model(ana: Contributor) -> GeneratorModel:
    make_asset(ana)
    return make_draft_model(make_training_set(), "Painter")


@pytest.fixture
def operator(client: Client, db: None) -> Client:
    client.force_login(make_user("olga", is_superuser=True))
    return client


def test_the_card_of_a_model_on_sale_is_public(client: Client, model: GeneratorModel) -> None:
    make_generation(model)
    audit_and_sell(model)
    assert "Painter 1" in client.get("/models/").content.decode()
    page = client.get(f"/models/{model.pk}/").content.decode()
    for words in (
        "Pictures of gradients.",
        "It makes nothing but gradients.",
        "catalogue 1",
        "no-hate",
        "40 generations",
    ):
        assert words in page
    assert "olga" not in page
    card = model.cards.get()
    answer = client.get(f"/models/cards/{card.sha256}.json")
    assert hashlib.sha256(answer.content).hexdigest() == card.sha256


def test_a_draft_does_not_exist_for_the_public(client: Client, model: GeneratorModel) -> None:
    card = make_generation(model).model_card
    assert card
    assert "Painter" not in client.get("/models/").content.decode()
    assert client.get(f"/models/{model.pk}/").status_code == 404
    assert client.get(f"/models/cards/{card.sha256}.json").status_code == 404


def test_the_card_of_a_retired_model_stays_for_those_who_bought(client: Client, model: GeneratorModel) -> None:
    audit_and_sell(model)
    retire_model(model, None, FROZEN_AT)
    page = client.get(f"/models/{model.pk}/").content.decode()
    assert "Licences that were bought stay good" in page


def test_an_operator_puts_a_model_on_sale_and_retires_it(operator: Client, model: GeneratorModel) -> None:
    address = f"/models/{model.pk}/"
    assert "No replication audit was made" in operator.get(address).content.decode()
    refused = operator.post(f"{address}sale/", {"state": "on sale"}, follow=True)
    assert "Painter 1 cannot be put on sale. No replication audit was made" in refused.content.decode()
    audit_and_sell(model)
    assert "Its images can be licensed" in operator.get(address).content.decode()
    retired = operator.post(f"{address}sale/", {"state": "retired"}, follow=True).content.decode()
    assert "Painter 1 is retired." in retired
    assert '<button name="state"' not in retired
    again = operator.post(f"{address}sale/", {"state": "retired"}, follow=True).content.decode()
    assert "A model that is retired cannot become retired" in again
    newest = ModelStateChange.objects.latest("pk")
    assert (newest.state, newest.changed_by and newest.changed_by.username) == ("retired", "olga")


@pytest.mark.parametrize("filled", [{}, {"state": "draft"}])
def test_a_button_that_is_none_changes_nothing(operator: Client, model: GeneratorModel, filled: dict[str, str]) -> None:
    page = operator.post(f"/models/{model.pk}/sale/", filled, follow=True).content.decode()
    assert "Nothing was changed: press one of the buttons." in page


@pytest.mark.parametrize("group", ["reviewer", "finance"])
def test_nobody_else_may_sell_models(client: Client, model: GeneratorModel, group: str) -> None:
    client.force_login(make_user("rita", group))
    assert client.post(f"/models/{model.pk}/sale/", {"state": "retired"}).status_code == 404
    assert GeneratorModel.objects.get().state == "draft"


def test_a_retired_model_can_only_be_read_in_the_admin(operator: Client, model: GeneratorModel) -> None:
    retire_model(model, None, FROZEN_AT)
    address = f"/admin/marketplace/generatormodel/{model.pk}/change/"
    assert operator.get(address).status_code == 200
    assert operator.post(address, {"name": "Other"}).status_code == 403
