"""A model is sold only with a frozen training set, a current audit and a written card; its images keep their card."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from marketplace.core.model_states import ModelRefused, ModelState
from marketplace.core.release import SaleState
from marketplace.delivering import deliver
from marketplace.generator_models import (
    AuditFindings,
    put_on_sale,
    record_model_audit,
    retire_model,
    save_generator_model,
)
from marketplace.licences import open_seal, sections
from marketplace.models import (
    Contributor,
    Customer,
    Download,
    Generation,
    GeneratorModel,
    ModelCard,
    ModelStateChange,
    TrainingSet,
)
from marketplace.output_checks import NotForSale, sale_states
from marketplace.restrictions import current_restrictions
from tests.builders import (
    FROZEN_AT,
    SOLD_AT,
    audit_and_sell,
    make_asset,
    make_download,
    make_draft_model,
    make_generation,
    make_training_set,
    make_user,
)

FOUND = AuditFindings(generations=40, near_copies=2, possible_copies=1, method="sift 3", report_sha256="ab" * 32)
LATER = FROZEN_AT + timedelta(days=1)


@pytest.fixture
def training_set(ana: Contributor) -> TrainingSet:
    make_asset(ana)
    return make_training_set()


@pytest.fixture
def model(training_set: TrainingSet) -> GeneratorModel:
    return make_draft_model(training_set)


def states_of(model: GeneratorModel) -> list[str]:
    return list(model.state_changes.order_by("pk").values_list("state", flat=True))


def sell_behind_our_back(generation: Generation, customer: Customer) -> None:
    with transaction.atomic():
        Download.objects.create(
            customer=customer,
            generation=generation,
            gross_minor=1_000,
            currency="USD",
            downloaded_at=SOLD_AT,
            idempotency_key="behind",
        )


def test_from_draft_over_audit_and_sale_to_retirement_with_who_did_what_when(
    model: GeneratorModel, training_set: TrainingSet, carla: Customer
) -> None:
    olga = make_user("olga")
    generation = make_generation(model)
    with pytest.raises(ModelRefused, match="No replication audit was made"):
        put_on_sale(model, olga, LATER)
    record_model_audit(model, training_set, FOUND, LATER)
    put_on_sale(model, olga, LATER)
    make_download(carla, generation)
    retire_model(model, olga, SOLD_AT)
    assert states_of(model) == ["audited", "on sale", "retired"]
    assert [change.changed_by for change in ModelStateChange.objects.order_by("pk")] == [None, olga, olga]
    with pytest.raises(ModelRefused, match=r"A model that is retired cannot become on sale; .* make a new version"):
        put_on_sale(model, olga, SOLD_AT)


@pytest.mark.parametrize("state", [ModelState.DRAFT, ModelState.AUDITED, ModelState.RETIRED])
def test_what_a_model_made_that_is_not_on_sale_cannot_be_sold_by_us_or_behind_our_back(
    model: GeneratorModel, training_set: TrainingSet, carla: Customer, state: ModelState
) -> None:
    generation = make_generation(model)
    if state != ModelState.DRAFT:
        record_model_audit(model, training_set, FOUND, LATER)
    if state == ModelState.RETIRED:
        put_on_sale(model, None, LATER)
        retire_model(model, None, LATER)
    assert sale_states([generation]) == {generation.pk: SaleState.MODEL_NOT_ON_SALE}
    with pytest.raises(NotForSale, match="The generator model that made it is not on sale"):
        make_download(carla, generation)
    with pytest.raises(DatabaseError, match="its generator model is not on sale"):
        sell_behind_our_back(generation, carla)
    assert not Download.objects.exists()


def test_an_unchecked_image_of_a_model_on_sale_is_still_called_unchecked(
    model: GeneratorModel, training_set: TrainingSet
) -> None:
    generation = make_generation(model, is_checked=False)
    assert sale_states([generation])[generation.pk] is SaleState.UNCHECKED


def test_the_database_puts_no_model_on_sale_that_no_audit_speaks_for(
    model: GeneratorModel, training_set: TrainingSet, ana: Contributor
) -> None:
    model.state = ModelState.ON_SALE
    with (
        pytest.raises(DatabaseError, match="needs a frozen training set and a"),
        transaction.atomic(),
    ):
        model.save()
    record_model_audit(model, training_set, FOUND, FROZEN_AT - timedelta(seconds=1))
    assert states_of(model) == [], "an audit from before the set was frozen speaks for nothing"
    with pytest.raises(DatabaseError, match="newer than the last change"), transaction.atomic():
        model.save()
    make_asset(ana)
    record_model_audit(model, make_training_set(version="2"), FOUND, LATER)
    with pytest.raises(DatabaseError, match="replication audit of it"), transaction.atomic():
        model.save()
    record_model_audit(model, training_set, FOUND, LATER)
    model.save()


def test_whoever_changes_what_a_model_makes_takes_it_off_sale_until_it_is_audited_again(
    model: GeneratorModel, training_set: TrainingSet
) -> None:
    audit_and_sell(model)
    model.parameters = {"steps": 30}
    save_generator_model(model, LATER)
    model.refresh_from_db()
    assert (model.state, model.changed_at) == ("draft", LATER)
    with pytest.raises(ModelRefused, match="changed after its replication audit"):
        put_on_sale(model, None, LATER)
    record_model_audit(model, training_set, FOUND, LATER)
    put_on_sale(model, None, LATER)
    assert states_of(model) == ["audited", "on sale", "draft", "audited", "on sale"]


def test_a_change_of_words_leaves_it_on_sale_and_its_audit_good(model: GeneratorModel) -> None:
    audit_and_sell(model)
    model.known_limits = "It draws no hands."
    save_generator_model(model, LATER)
    model.refresh_from_db()
    assert (model.state, model.changed_at) == ("on sale", FROZEN_AT)


def test_the_database_refuses_a_change_that_leaves_a_model_on_sale(model: GeneratorModel) -> None:
    audit_and_sell(model)
    model.backend = "http"
    with pytest.raises(DatabaseError, match="is a draft again when it is changed"), transaction.atomic():
        model.save()
    model.state = ModelState.DRAFT
    with pytest.raises(DatabaseError, match="is a draft again when it is changed"), transaction.atomic():
        model.save()


def test_a_retired_model_is_final_and_makes_nothing_more(model: GeneratorModel) -> None:
    audit_and_sell(model)
    retire_model(model, None, LATER)
    model.refresh_from_db()
    with pytest.raises(ModelRefused, match="is retired: nothing that it makes can be sold"):
        make_generation(model)
    model.description = "Better."
    with pytest.raises(ModelRefused, match="its card is final: make a new version"):
        save_generator_model(model, SOLD_AT)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        model.save()


def test_a_model_that_says_nothing_of_its_limits_is_not_put_on_sale(
    model: GeneratorModel, training_set: TrainingSet
) -> None:
    model.known_limits = " "
    save_generator_model(model, FROZEN_AT)
    record_model_audit(model, training_set, FOUND, LATER)
    with pytest.raises(ModelRefused, match="Its card does not say its known limits: write that first"):
        put_on_sale(model, None, LATER)


def test_each_image_keeps_the_card_that_its_model_had_then(model: GeneratorModel, training_set: TrainingSet) -> None:
    first, second = make_generation(model), make_generation(model)
    record_model_audit(model, training_set, FOUND, LATER)
    third = make_generation(model)
    assert first.model_card == second.model_card != third.model_card
    assert ModelCard.objects.count() == 2
    card = third.model_card
    assert card
    assert hashlib.sha256(card.text.encode()).hexdigest() == card.sha256
    said = json.loads(card.text)
    assert said["training_set"]["images"] == said["training_set"]["contributors"] == 1
    assert (said["replication_audit"]["near_copies"], said["bias_report"]) == (2, None)
    assert said["use_restrictions"] == current_restrictions()
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        ModelCard.objects.update(text="{}")


def test_a_certificate_shows_the_card_of_the_image_and_the_newest_audit(
    model: GeneratorModel, training_set: TrainingSet, carla: Customer
) -> None:
    generation = make_generation(model)
    record_model_audit(model, training_set, FOUND, LATER)
    put_on_sale(model, None, LATER)
    document = open_seal(deliver(make_download(carla, generation), "JPEG", None, SOLD_AT).certificate)
    generator = document["generator"]
    assert generation.model_card
    assert generator["card_sha256"] == generation.model_card.sha256
    assert (generator["card"]["replication_audit"], generator["replication_audit"]["generations"]) == (None, 40)
    words = {label: value for _, rows in sections(document) for label, value in rows}
    assert words["no-hate"] == current_restrictions()["clauses"][4]["text"]
    assert words["Known limits"] == "It makes nothing but gradients."
    assert "2 held a near copy" in words["Audit, when issued"]


def test_a_certificate_from_before_models_had_cards_can_still_be_read(model: GeneratorModel, carla: Customer) -> None:
    audit_and_sell(model)
    document = open_seal(deliver(make_download(carla, make_generation(model)), "JPEG", None, SOLD_AT).certificate)
    for key in ("card", "card_sha256", "replication_audit"):
        del document["generator"][key]
    assert "Known limits" not in {label for _, rows in sections(document) for label, _ in rows}


@pytest.mark.parametrize("summary", [{"women": 0.4}, ["a list"]])
def test_a_bias_report_that_cannot_be_hashed_is_refused(model: GeneratorModel, summary: object) -> None:
    model.bias_report = summary
    with pytest.raises(ValidationError):
        model.full_clean()
