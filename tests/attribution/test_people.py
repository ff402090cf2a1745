"""An image that must show no people is looked at for them before its sale; what is found waits for a reviewer."""

from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import translation
from PIL import Image

from attribution import people
from attribution.copies import check_copies
from attribution.faces import FacesUnavailable
from attribution.models import Encoder
from marketplace.core.release import Decision, Outcome, SaleState
from marketplace.generators.base import GeneratedImage
from marketplace.models import Asset, Contributor, Customer, Generation, GeneratorModel, PeopleCheck, User
from marketplace.output_checks import NotForSale, decide_output, record_output_check, sale_states
from marketplace.people_checks import people_facts
from marketplace.requesting import make_next, request_generation
from marketplace.said import said
from marketplace.services import AlreadyGenerated, record_download, record_generation
from tests.attribution.copying import drawn, holding, make_configured_encoder, make_drawn_assets
from tests.attribution.face_drawing import showing_face
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    SOLD_AT,
    embed_generation,
    jpeg_bytes,
    make_asset,
    make_download,
    make_generator_model,
    make_prompt_check,
    make_textured_picture,
    make_training_set,
    make_user,
    unit_vector,
)


@pytest.fixture
def encoder(db: None, settings: LazySettings) -> Encoder:
    settings.SSCD_WEIGHTS = ""
    return make_configured_encoder()


@pytest.fixture
def assets(ana: Contributor, ben: Contributor, encoder: Encoder) -> list[Asset]:
    return make_drawn_assets([ana, ben], encoder)


@pytest.fixture
def model(assets: list[Asset]) -> GeneratorModel:
    return make_generator_model(make_training_set())


def made(picture: Image.Image, model: GeneratorModel, encoder: Encoder, *, without_people: bool) -> Generation:
    made = GeneratedImage(picture, "a prompt", 1, {})
    check = make_prompt_check(made.prompt)
    file = jpeg_bytes(picture)
    generation = record_generation(model, made, file, ".jpg", FROZEN_AT, check, must_show_no_people=without_people)
    embed_generation(generation, encoder, unit_vector(0.6, 0.8))
    return generation


def state(generation: Generation) -> SaleState:
    return sale_states([generation])[generation.pk]


def buy(customer: Customer, generation: Generation) -> None:
    record_download(customer, generation, gross_minor=1_000, currency="USD", at=SOLD_AT, idempotency_key=str(uuid4()))


def reviewer() -> User:
    return make_user("rita", "reviewer")


def test_a_face_holds_an_image_that_must_show_no_people_until_a_reviewer_clears_it(
    model: GeneratorModel, encoder: Encoder, carla: Customer
) -> None:
    generation = made(showing_face(make_textured_picture(1)), model, encoder, without_people=True)
    assert check_copies(CLOSED_AT) == 1
    assert state(generation) is SaleState.HELD
    with pytest.raises(NotForSale, match="people where it must show none"):
        buy(carla, generation)
    check = generation.output_checks.get()
    assert check.evidence.startswith("It must show no people, and this many faces were found in it: 1.\n")
    (face,) = check.people_check.faces
    (left, top), _, (right, bottom), _ = face["region"]
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((0.5, 0.5), abs=0.08)
    decide_output(check, Decision.CLEARED, "A doll.", reviewer(), CLOSED_AT)
    buy(carla, generation)


def test_where_nobody_requires_it_nothing_is_looked_for(
    model: GeneratorModel, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "DETECTOR", lambda picture: pytest.fail("it was run"))
    generation = made(showing_face(make_textured_picture(1)), model, encoder, without_people=False)
    check_copies(CLOSED_AT)
    assert state(generation) is SaleState.FOR_SALE
    assert not PeopleCheck.objects.exists()
    assert people_facts(generation) is None


def test_one_without_a_face_is_for_sale_and_says_what_looked_and_whom_it_does_not_find(
    model: GeneratorModel, encoder: Encoder
) -> None:
    generation = made(make_textured_picture(2), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    assert state(generation) is SaleState.FOR_SALE
    facts = people_facts(generation)
    assert facts is not None
    assert (facts["face_count"], facts["may_copy_image_of_people"], facts["decision"]) == (0, False, None)
    assert facts["checked_with"] == "MTCNN 1, mtcnn 1.0.0, people_keywords 2026-11"
    assert "from behind" in facts["not_found"]


def test_a_region_of_an_image_whose_contributor_says_that_people_are_in_it_holds_it(
    assets: list[Asset], model: GeneratorModel, encoder: Encoder
) -> None:
    say(assets[0], ["harbour", "young woman"])
    generation = made(holding(drawn(0)), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    check = generation.output_checks.get()
    assert f"image {assets[0].pk}, which it may be copied from, shows some" in check.evidence
    assert "its contributor says “young woman”." in check.evidence
    assert (check.people_check.asset, check.people_check.keyword) == (assets[0], "young woman")
    with translation.override("de"):
        assert "young woman" in said(check.evidence)
        assert "must show" not in said(check.evidence)


def test_an_image_whose_contributor_says_nothing_of_people_is_no_witness(
    assets: list[Asset], model: GeneratorModel, encoder: Encoder
) -> None:
    say(assets[0], ["harbour", "no people"])
    say(assets[1], ["people"])  # as near to the encoder, and nothing of it is in the picture
    generation = made(holding(drawn(0)), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    assert generation.people_checks.get().asset is None


def say(asset: Asset, keywords: list[str]) -> None:
    asset.submission.keywords = keywords
    asset.submission.save()


def test_where_faces_cannot_be_found_it_stays_unchecked_and_unsold_and_is_tried_again(
    model: GeneratorModel,
    encoder: Encoder,
    carla: Customer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    required = made(make_textured_picture(1), model, encoder, without_people=True)
    other = made(make_textured_picture(2), model, encoder, without_people=False)

    def unavailable(picture: Image.Image) -> Any:
        raise FacesUnavailable("pnet.lz4 is missing.")

    with monkeypatch.context() as broken:
        broken.setattr(people, "DETECTOR", unavailable)
        assert (check_copies(CLOSED_AT), check_copies(CLOSED_AT)) == (1, 0)
    assert (state(required), state(other)) == (SaleState.UNCHECKED, SaleState.FOR_SALE)
    assert f"Generation {required.pk} is not checked, to be tried again: pnet.lz4 is missing." in caplog.text
    with pytest.raises(NotForSale):
        buy(carla, required)
    assert check_copies(CLOSED_AT) == 1
    assert state(required) is SaleState.FOR_SALE


def test_no_other_finding_that_is_cleared_sells_what_was_not_looked_at_for_people(
    model: GeneratorModel, encoder: Encoder, carla: Customer
) -> None:
    generation = made(make_textured_picture(1), model, encoder, without_people=True)
    found = record_output_check(generation, Outcome.BLOCKED, "An upload looks like it.", SOLD_AT)
    decide_output(found, Decision.CLEARED, "They differ.", reviewer(), SOLD_AT)
    assert state(generation) is SaleState.UNCHECKED
    with pytest.raises(DatabaseError, match="was not looked at for them yet"), transaction.atomic():
        carla.downloads.create(
            generation=generation, gross_minor=1_000, currency="USD", downloaded_at=SOLD_AT, idempotency_key="a key"
        )


def test_the_requirement_stays_as_it_was_recorded(ana: Contributor, carla: Customer) -> None:
    for seed in range(4):
        make_asset(ana, seed=seed)
    model = make_generator_model(make_training_set())
    wish = request_generation(carla, model, "a quiet morning", 7, uuid4(), SOLD_AT, must_show_no_people=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        carla.generation_requests.update(must_show_no_people=False)
    make_next(SOLD_AT)
    wish.refresh_from_db()
    assert wish.generation is not None
    assert wish.generation.must_show_no_people
    with pytest.raises(DatabaseError), transaction.atomic():
        Generation.objects.update(must_show_no_people=False)


def test_a_picture_that_was_made_without_the_requirement_is_not_handed_out_as_one_with_it(
    model: GeneratorModel, encoder: Encoder
) -> None:
    picture = make_textured_picture(1)
    made(picture, model, encoder, without_people=False)
    with pytest.raises(AlreadyGenerated, match="nobody required that it shows no people: give another prompt or seed"):
        made(picture, model, encoder, without_people=True)


def test_a_customer_ticks_it_and_reads_that_it_waits_for_their_own_requirement(
    model: GeneratorModel, encoder: Encoder, carla: Customer, client: Client
) -> None:
    client.force_login(carla.user)  # type: ignore[arg-type]
    asked = {"model": model.pk, "prompt": "a quiet morning", "form_key": uuid4(), "must_show_no_people": "on"}
    page = client.post("/generate/", asked, follow=True).content.decode()
    assert "The image must show no people" in page
    assert carla.generation_requests.get().must_show_no_people
    generation = made(showing_face(make_textured_picture(1)), model, encoder, without_people=True)
    address = f"/generations/{generation.pk}/"
    assert "It has not been looked at for people yet." in client.get(address).content.decode()
    check_copies(CLOSED_AT)
    page = client.get(address).content.decode()
    assert "It cannot be licensed." in page
    assert "whoever asked for it required that" in page
    assert "1 face was found in it." in page
    assert "does not prove that there are no people" in page


def test_the_reviewer_sees_the_faces_outlined_and_decides(
    model: GeneratorModel, encoder: Encoder, client: Client
) -> None:
    generation = made(showing_face(make_textured_picture(1)), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    check = generation.output_checks.get()
    client.force_login(reviewer())
    page = client.get(f"/review/{check.pk}/").content.decode()
    assert "One region is taken for a face, and outlined." in page
    assert page.count("<polygon") == 2
    assert "mtcnn 1.0.0, people_keywords" in page
    client.post(f"/review/{check.pk}/decide/", {"decision": "upheld", "reason": "A face."})
    assert state(generation) is SaleState.REFUSED


def test_the_reviewer_sees_beside_which_image_of_people_it_stands(
    assets: list[Asset], model: GeneratorModel, encoder: Encoder, client: Client
) -> None:
    say(assets[0], ["portrait"])
    generation = made(holding(drawn(0)), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    client.force_login(reviewer())
    page = client.get(f"/review/{generation.output_checks.get().pk}/").content.decode()
    assert f"Image {assets[0].pk}, which it may be copied from, shows people: its contributor says “portrait”." in page


def test_what_was_looked_for_cannot_be_altered_later(model: GeneratorModel, encoder: Encoder) -> None:
    made(make_textured_picture(2), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        PeopleCheck.objects.update(faces=[{}])


def test_a_licence_can_be_bought_of_what_was_looked_at(
    model: GeneratorModel, encoder: Encoder, carla: Customer
) -> None:
    generation = made(make_textured_picture(2), model, encoder, without_people=True)
    check_copies(CLOSED_AT)
    assert make_download(carla, generation).generation == generation
