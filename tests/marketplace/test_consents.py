"""A contributor says for each image whether it may be trained on: from when on, with its history, and what goes on."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from marketplace.consents import ConsentRefused, default_of, record_consent, record_default
from marketplace.core.consents import Answer, standing
from marketplace.generator_models import retire_model
from marketplace.models import Asset, Contributor, TrainingConsent, TrainingSet, TrainingSetMember
from marketplace.selectors import assets_with_consent
from marketplace.services import NoTrainingSet, freeze_training_set
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    JOINED_AT,
    SOLD_AT,
    make_asset,
    make_contributor,
    make_draft_model,
    make_generator_model,
    make_training_set,
)
from tests.connections import in_another_connection, wait_until_one_is_blocked

INSTANT = timedelta(microseconds=1)


def say(asset: Asset, granted: bool, effective_at: object, at: object = None) -> int:
    return record_consent(Asset.objects.filter(pk=asset.pk), granted, effective_at, at or effective_at)  # type: ignore[arg-type]


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana)


def test_the_newest_answer_replaces_what_was_announced_before(asset: Asset) -> None:
    say(asset, False, CLOSED_AT, SOLD_AT)
    assert asset in assets_with_consent(CLOSED_AT - INSTANT)
    assert asset not in assets_with_consent(CLOSED_AT)
    say(asset, True, SOLD_AT + INSTANT)
    assert asset in assets_with_consent(CLOSED_AT)
    history = [Answer(one.granted, one.effective_at, one.recorded_at) for one in asset.consents.order_by("pk")]
    for at in (JOINED_AT, SOLD_AT, SOLD_AT + INSTANT, CLOSED_AT):
        now = standing(history, at).now
        assert now
        assert (asset in assets_with_consent(at)) == now.granted, "the rule and the query say the same"


def test_one_answer_for_all_images_of_one_contributor_and_of_nobody_else(
    ana: Contributor, ben: Contributor, asset: Asset
) -> None:
    second, others = make_asset(ana), make_asset(ben)
    assert record_consent(ana.assets.all(), False, FROZEN_AT, FROZEN_AT) == 2
    assert set(assets_with_consent(FROZEN_AT)) == {others}
    assert second.consents.count() == 2


def test_an_answer_that_holds_already_is_not_recorded_twice(asset: Asset) -> None:
    assert say(asset, True, FROZEN_AT) == 0
    assert say(asset, False, FROZEN_AT) == 1
    assert say(asset, False, FROZEN_AT) == 0
    assert asset.consents.count() == 2


def test_consent_is_not_changed_for_the_past_and_never_rewritten(asset: Asset) -> None:
    with pytest.raises(ConsentRefused, match="cannot be changed for the past: choose today or a later day"):
        say(asset, False, FROZEN_AT - INSTANT, FROZEN_AT)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        TrainingConsent.objects.update(granted=False)


def test_a_no_takes_effect_after_every_set_that_is_frozen_by_then(asset: Asset) -> None:
    frozen = make_training_set()
    say(asset, False, FROZEN_AT - INSTANT)
    answer = asset.consents.latest("pk")
    assert answer.effective_at == FROZEN_AT + INSTANT
    assert frozen.members.get().asset == asset
    with pytest.raises(NoTrainingSet):
        freeze_training_set("catalogue", "2", answer.effective_at)


@pytest.mark.django_db(transaction=True)
def test_a_consent_that_is_withdrawn_while_a_set_is_frozen_is_in_force_after_it(asset: Asset) -> None:
    """The set has the image, and the history does not say that it was withdrawn before."""
    failures: list[BaseException] = []
    with transaction.atomic():
        frozen = make_training_set()
        thread = in_another_connection(lambda: say(asset, False, FROZEN_AT - timedelta(seconds=5)), failures)
        wait_until_one_is_blocked()
        assert TrainingConsent.objects.count() == 1
    thread.join()
    assert failures == []
    assert TrainingSetMember.objects.get(training_set=frozen).asset == asset
    assert asset.consents.latest("pk").effective_at > FROZEN_AT


@pytest.mark.django_db(transaction=True)
def test_a_set_waits_for_a_consent_that_is_being_withdrawn_and_then_has_not_the_image(
    ana: Contributor, asset: Asset
) -> None:
    make_asset(ana)
    failures: list[BaseException] = []
    with transaction.atomic():
        say(asset, False, FROZEN_AT - timedelta(seconds=5))
        thread = in_another_connection(make_training_set, failures)
        wait_until_one_is_blocked()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM marketplace_trainingset")
            assert cursor.fetchone() == (0,)
    thread.join()
    assert failures == []
    assert asset not in {member.asset for member in TrainingSet.objects.get().members.all()}


def test_the_upload_page_proposes_what_the_contributor_last_said(client: Client, ana: Contributor) -> None:
    assert default_of(ana) is False, "nobody agrees by saying nothing"
    assert ana.user
    client.force_login(ana.user)
    assert 'name="training_consent" checked' not in client.get("/contributor/upload/").content.decode()
    client.post("/contributor/consents/default/", {"answer": "yes"})
    assert 'name="training_consent" checked' in client.get("/contributor/upload/").content.decode()
    record_default(ana, False, CLOSED_AT)
    assert default_of(ana) is False
    assert ana.consent_defaults.count() == 2


def test_the_page_says_what_holds_since_when_and_which_models_go_on(client: Client, ana: Contributor) -> None:
    assert ana.user
    client.force_login(ana.user)
    make_asset(ana, title="Harbour")
    training_set = make_training_set()
    make_generator_model(training_set, "Painter")
    retire_model(make_generator_model(training_set, "Sketcher"), None, SOLD_AT)
    make_draft_model(training_set, "Secret")
    page = " ".join(client.get("/contributor/consents/").content.decode().split())
    assert "In the training sets: catalogue 1." in page
    assert "Painter 1</a> was trained on it. It goes on using it, and you go on earning from it, until" in page
    assert "Sketcher 1</a> was trained on it and is retired" in page
    assert "Secret" not in page
    client.post("/contributor/consents/change/", {"answer": "no", "from_on": "2099-01-01"})
    page = client.get("/contributor/consents/").content.decode()
    assert "You withdraw from Jan 1, 2099, 00:00 UTC." in page
    assert "no from Jan 1, 2099, 00:00 UTC" in page
    asset = ana.assets.get()
    client.post("/contributor/consents/change/", {"answer": "no", "asset": asset.pk})
    assert asset not in assets_with_consent(asset.consents.latest("pk").effective_at)
    assert "not agreed" in client.get("/contributor/consents/").content.decode()


@pytest.mark.parametrize(
    ("filled", "told"),
    [
        ({"answer": "no", "from_on": "2020-01-01"}, "cannot be changed for the past"),
        ({"answer": "no", "from_on": "tomorrow"}, "choose a day such as 2026-12-31"),
        ({"answer": "maybe"}, "choose a day such as 2026-12-31"),
        ({"answer": "yes"}, "that is what holds already"),
    ],
)
def test_what_cannot_be_recorded_is_said_in_a_sentence(
    client: Client, ana: Contributor, asset: Asset, filled: dict[str, str], told: str
) -> None:
    assert ana.user
    client.force_login(ana.user)
    page = client.post("/contributor/consents/change/", filled, follow=True).content.decode()
    assert told in page
    assert asset.consents.count() == 1


def test_images_of_others_do_not_exist_there(client: Client, ben: Contributor, asset: Asset) -> None:
    assert ben.user
    client.force_login(ben.user)
    assert client.post("/contributor/consents/change/", {"answer": "no", "asset": asset.pk}).status_code == 404
    client.post("/contributor/consents/change/", {"answer": "no"})
    assert asset.consents.count() == 1
    client.force_login(make_contributor("Cleo").user)  # type: ignore[arg-type]
    assert "You have no images yet." in client.get("/contributor/consents/").content.decode()


def test_the_page_asks_the_database_as_often_for_many_images_as_for_one(
    client: Client, ana: Contributor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    assert ana.user
    client.force_login(ana.user)
    for _ in range(8):
        make_asset(ana)
    for version in ("1", "2"):
        make_generator_model(make_training_set(version=version), version)
    with django_assert_max_num_queries(20):
        client.get("/contributor/consents/")
