"""What the programs of customers and of partners do: generations, licences, files, certificates, and ingest."""

import json
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from marketplace.core.prompts import EntryKind, PromptOutcome
from marketplace.generating import source_type_of
from marketplace.models import Contributor, Customer, Generation, GeneratorModel, IdempotencyRecord, PromptCheck, User
from tests.api.asking import Asker
from tests.builders import (
    attribute_download,
    embed_asset,
    embed_generation,
    jpeg_bytes,
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_picture,
    make_training_set,
    make_user,
    unit_vector,
)
from tests.marketplace.test_prompts import add
from tests.payouts.conftest import sandbox

__all__ = ["sandbox"]


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    """One that resembles Ana's image, for sale."""
    asset, encoder = make_asset(ana, title="Boats"), make_encoder()
    embed_asset(asset, encoder, unit_vector(1))
    made = make_generation(make_generator_model(make_training_set()))
    embed_generation(made, encoder, unit_vector(1, 0.5))
    return made


@pytest.fixture
def partner(generation: Generation) -> User:
    """Who runs a generator of their own, trained on the same set."""
    user = make_user("pat")
    model = make_generator_model(generation.training_set, "theirs")
    model.partner = user
    model.save()
    return user


def sent(model: GeneratorModel, **changed: Any) -> dict[str, Any]:
    file = SimpleUploadedFile("made.png", jpeg_bytes(make_picture(7)))
    return {"file": file, "generator_model": model.pk, "prompt": "boats", "seed": 7, **changed}


def test_a_generation_says_what_it_resembles_and_whether_it_is_for_sale(
    generation: Generation, carla: Customer
) -> None:
    asker = Asker(carla)
    told = asker.get(f"generations/{generation.pk}/").json()
    assert (told["sale_state"], told["why_not_for_sale"]) == ("for sale", None)
    assert [one["title"] for one in told["resembled"]] == ["Boats"]
    assert told["resembled"][0]["similarity"] == pytest.approx(0.894, abs=0.01)
    assert b"".join(asker.get(f"generations/{generation.pk}/preview/").streaming_content)[:2] == b"\xff\xd8"
    model = asker.get(f"generator-models/{told['generator_model']}/").json()
    assert (model["name"], model["training_set"]) == ("sample", "catalogue 1")


def test_a_licence_leads_to_a_signed_file_and_a_certificate_that_anybody_can_check(
    generation: Generation, carla: Customer
) -> None:
    asker, download = Asker(carla), make_download(carla, generation)
    (bought,) = asker.get("downloads/").json()["results"]
    path = bought["files"]["png"].partition("/api/v1/")[2]
    waiting = asker.get(path)
    assert waiting.status_code == 409
    assert "inspiration list is computed first" in waiting.json()["detail"]
    attribute_download(download, generation.embeddings.get().encoder)
    file = asker.get(path)
    assert file.headers["Content-Type"] == "image/png"
    data = b"".join(file.streaming_content)
    told = asker.get(f"downloads/{download.pk}/").json()
    certificate_id = told["deliveries"][0]["certificate_id"]
    public = Client().get(f"/api/v1/certificates/{certificate_id}/").json()
    assert (public["is_good"], public["certificate"]["certificate"]["licence"]["number"]) == (True, download.pk)
    verified = Client().post("/api/v1/verifications/", {"file": SimpleUploadedFile("x.png", data)}).json()
    assert verified["matches"][0]["certificate_id"] == certificate_id
    assert verified["matches"][0]["found_by"] == "bytes"
    assert Client().get("/api/v1/certificates/NONE/").status_code == 404


def test_a_file_that_cannot_be_signed_now_is_asked_for_again_later(
    generation: Generation, carla: Customer, settings: LazySettings
) -> None:
    download = make_download(carla, generation)
    attribute_download(download, generation.embeddings.get().encoder)
    settings.DEMO_CHAIN = ""
    answer = Asker(carla).get(f"downloads/{download.pk}/file.png/")
    assert answer.status_code == 503
    assert "could not be signed just now" in answer.json()["detail"]


def test_edits_are_recorded_and_listed(generation: Generation, carla: Customer) -> None:
    asker = Asker(carla)
    licence = make_download(carla, generation).pk
    assert asker.post(f"downloads/{licence}/edits/", {"description": "I repainted the sky."}).status_code == 201
    assert asker.post(f"downloads/{licence}/edits/", {"description": ""}).status_code == 400
    (edit,) = asker.get(f"downloads/{licence}/edits/").json()
    assert edit["description"] == "I repainted the sky."


def test_a_partner_sends_a_generation_which_waits_for_its_check(partner: User, carla: Customer) -> None:
    asker, model = Asker(partner), partner.generator_models.get()
    answer = asker.send("generations/", sent(model, parameters=json.dumps({"steps": 20})))
    assert answer.status_code == 201
    told = answer.json()
    assert (told["prompt"], told["seed"], told["parameters"]) == ("boats", 7, {"steps": 20})
    assert told["sale_state"] == "unchecked"
    kept = Generation.objects.get(pk=told["id"])
    assert (kept.generator_model, kept.training_set) == (model, model.training_set)
    with kept.file.open("rb") as file:
        assert f">{source_type_of(model)}<".encode() in file.read()


def test_the_same_generation_again_is_the_same_one(partner: User) -> None:
    asker, model = Asker(partner), partner.generator_models.get()
    ids = {asker.send("generations/", sent(model)).json()["id"] for _ in range(2)}  # each with a key of its own
    assert len(ids) == 1


def test_a_partner_requires_that_an_image_shows_no_people_and_the_first_word_stays(partner: User) -> None:
    asker, model = Asker(partner), partner.generator_models.get()
    told = asker.send("generations/", sent(model, must_show_no_people="true")).json()
    assert (told["must_show_no_people"], told["sale_state"]) == (True, "unchecked")
    assert Generation.objects.get(pk=told["id"]).must_show_no_people
    assert asker.send("generations/", sent(model)).json()["must_show_no_people"] is True
    other = SimpleUploadedFile("other.png", jpeg_bytes(make_picture(8)))
    assert asker.send("generations/", sent(model, file=other)).json()["must_show_no_people"] is False
    other.seek(0)
    refused = asker.send("generations/", sent(model, file=other, must_show_no_people="true"))
    assert refused.status_code == 409
    assert "nobody required that it shows no people" in refused.json()["errors"][0]["detail"]


def test_a_customer_reads_what_was_looked_for_where_an_image_must_show_no_people(
    generation: Generation, carla: Customer
) -> None:
    asker = Asker(carla)
    assert asker.get(f"generations/{generation.pk}/").json()["people_check"] is None
    required = make_generation(generation.generator_model, must_show_no_people=True)
    told = asker.get(f"generations/{required.pk}/").json()["people_check"]
    assert (told["requirement"], told["face_count"], told["checked_with"]) == ("no people", 0, "MTCNN 1")
    assert "from behind" in told["not_found"]


def test_partners_send_for_their_own_generators_only_and_see_nobody_elses_prompts(
    partner: User, generation: Generation
) -> None:
    asker = Asker(partner)
    assert asker.send("generations/", sent(generation.generator_model)).status_code == 404
    assert asker.get(f"generations/{generation.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("file", SimpleUploadedFile("made.png", b"no picture")),
        ("seed", str(2**63)),
        ("parameters", "[]"),
        ("parameters", '{"a": NaN}'),
        ("parameters", '{"a": "\\u0000"}'),
        ("parameters", '{"a": "\\ud800"}'),
        ("parameters", '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"),
        ("prompt", "\0"),
        ("prompt", "x" * 1_001),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_names_the_field(partner: User, field: str, value: Any) -> None:
    count = Generation.objects.count()
    answer = Asker(partner).send("generations/", sent(partner.generator_models.get(), **{field: value}))
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert Generation.objects.count() == count


def test_a_refused_prompt_of_a_partner_is_on_record_with_their_name_and_can_be_sent_again(partner: User) -> None:
    add(EntryKind.STYLE, "Mara Lind")
    asker, model = Asker(partner), partner.generator_models.get()
    count = Generation.objects.count()
    refused = [asker.send("generations/", sent(model, prompt="boats by Mara Lind"), key="one") for _ in range(2)]
    assert [answer.status_code for answer in refused] == [409, 409]
    assert not IdempotencyRecord.objects.exists()
    (check,) = PromptCheck.objects.filter(outcome=PromptOutcome.REFUSE)
    assert (check.asked_by, check.kept_text.text) == (partner, "boats by Mara Lind")
    assert f"prompt check {check.pk} is refused" in refused[0].json()["detail"]
    assert Generation.objects.count() == count
    assert asker.send("generations/", sent(model), key="one").status_code == 201


def test_a_draft_is_shown_to_its_partner_and_to_nobody_else(partner: User, carla: Customer) -> None:
    model = partner.generator_models.get()
    GeneratorModel.objects.filter(pk=model.pk).update(state="draft")
    assert Asker(partner).get(f"generator-models/{model.pk}/").status_code == 200
    assert Asker(carla).get(f"generator-models/{model.pk}/").status_code == 404
