"""The admin sets up people and generator models, and only shows what happened."""

import json

import pytest
from django.test import Client

from marketplace.generating import generate_image, generator_of
from marketplace.models import Contributor, GeneratorModel, User
from marketplace.restrictions import current_restrictions
from tests.builders import SOLD_AT, make_asset, make_training_set, make_user


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    client.force_login(make_user("boss", is_superuser=True))
    return client


def test_logins_are_added_one_after_another_each_with_its_address(boss: Client) -> None:
    for name in ("ana", "ben"):
        password = f"{name} and a long password"
        filled = {"username": name, "email": f"{name}@example.org", "password1": password, "password2": password}
        assert boss.post("/admin/marketplace/user/add/", filled).status_code == 302
    assert User.objects.get(username="ben").email == "ben@example.org"


@pytest.mark.parametrize("email", ["", "boss@example.org"])
def test_a_login_without_an_address_of_its_own_is_refused_in_the_form(boss: Client, email: str) -> None:
    password = "a long password of hers"
    filled = {"username": "ana", "email": email, "password1": password, "password2": password}
    response = boss.post("/admin/marketplace/user/add/", filled)
    assert response.status_code == 200
    assert "email" in response.context["adminform"].form.errors
    assert not User.objects.filter(username="ana").exists()


def test_a_generator_model_is_set_up_with_a_frozen_training_set_and_generates(boss: Client, ana: Contributor) -> None:
    for seed in range(4):
        make_asset(ana, seed=seed)
    training_set = make_training_set()
    filled = {
        "name": "Remix",
        "version": "1",
        "backend": "remix",
        "parameters": json.dumps({}),
        "provider": "Us",
        "licence": "Sample",
        "description": "Cuts and blends.",
        "training_set": training_set.pk,
        "use_restrictions": json.dumps(current_restrictions()),
        "created_at_0": "2026-10-01",
        "created_at_1": "08:00:00",
    }
    response = boss.post("/admin/marketplace/generatormodel/add/", filled)
    assert response.status_code == 302, response.context["adminform"].form.errors
    model = GeneratorModel.objects.get()
    assert (model.backend, model.parameters, model.training_set) == ("remix", {}, training_set)
    assert generate_image(model, generator_of(model), "a quiet morning", 1, SOLD_AT).training_set == training_set


def test_a_list_of_records_shows_what_is_short_in_each(boss: Client, ana: Contributor) -> None:
    asset = make_asset(ana)
    listed = boss.get("/admin/marketplace/asset/").context["cl"]
    assert {"id", "contributor_id"} <= set(listed.list_display)
    row = boss.get("/admin/marketplace/asset/").content.decode()
    assert f'<td class="field-contributor_id">{asset.contributor_id}</td>' in row


def test_a_training_set_is_only_shown(boss: Client, ana: Contributor) -> None:
    make_asset(ana)
    frozen = make_training_set()
    address = "/admin/marketplace/trainingset"
    assert boss.get(f"{address}/{frozen.pk}/change/").status_code == 200
    assert boss.post(f"{address}/{frozen.pk}/change/", {"name": "other"}).status_code == 403
    assert boss.get(f"{address}/add/").status_code == 403
    assert boss.post(f"{address}/{frozen.pk}/delete/", {"post": "yes"}).status_code == 403
