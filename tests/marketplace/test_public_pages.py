"""Anybody can check a file or a certificate without an account, and learns nothing of who bought it unless they have
its number."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from PIL import Image

from marketplace.delivering import deliver
from marketplace.licences import grouped
from marketplace.models import Contributor, Customer, Delivery, HumanEdit
from marketplace.verifying import MOST_BYTES
from tests.builders import (
    SOLD_AT,
    jpeg_bytes,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_picture,
    make_textured_picture,
    make_training_set,
)


@pytest.fixture
def delivery(ana: Contributor, carla: Customer) -> Delivery:
    make_asset(ana)
    generation = make_generation(
        make_generator_model(make_training_set()), "a secret harbour", picture=make_textured_picture(1)
    )
    return deliver(make_download(carla, generation), "JPEG", None, SOLD_AT)


def bytes_of(delivery: Delivery) -> bytes:
    return Path(delivery.file.path).read_bytes()


def drop(client: Client, data: bytes, name: str = "picture.jpg") -> str:
    response = client.post("/verify/", {"file": SimpleUploadedFile(name, data)})
    assert response.status_code == 200
    return response.content.decode()


def test_a_stranger_checks_a_delivered_file_without_an_account(client: Client, delivery: Delivery) -> None:
    assert client.get("/verify/").status_code == 200
    page = drop(Client(enforce_csrf_checks=True), bytes_of(delivery))
    assert "<h1>This is a file that we delivered, unchanged.</h1>" in page
    assert "intact, and signed under our root" in page
    assert delivery.sha256 in page


def test_after_a_re_save_the_page_finds_it_by_its_perceptual_hash_and_says_so(
    client: Client, delivery: Delivery
) -> None:
    out = BytesIO()
    Image.open(BytesIO(bytes_of(delivery))).save(out, "JPEG", quality=70)
    page = drop(client, out.getvalue())
    assert "<h1>This looks like a file that we delivered.</h1>" in page
    assert "Found by its perceptual hash" in page
    assert f"Looks like licence {delivery.download_id}" in page


def test_dropping_a_file_tells_neither_who_bought_it_nor_its_prompt_nor_its_certificate(
    client: Client, delivery: Delivery
) -> None:
    page = drop(client, bytes_of(delivery))
    for told in ("Carla", "a secret harbour", delivery.certificate_id, grouped(delivery.certificate_id)):
        assert told not in page


def test_what_a_file_says_is_shown_as_text(client: Client, delivery: Delivery) -> None:
    out = BytesIO()
    make_picture(4).save(out, "JPEG", comment=b"<script>alert(1)</script>")
    page = drop(client, out.getvalue(), "<script>.jpg")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_a_file_that_is_dropped_is_not_kept(client: Client, delivery: Delivery) -> None:
    drop(client, jpeg_bytes(make_picture(5)))
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff broken", b"GIF89a", b"<svg/>"])
def test_what_is_no_picture_is_refused_in_words(client: Client, db: None, data: bytes) -> None:
    response = client.post("/verify/", {"file": SimpleUploadedFile("picture.jpg", data)})
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()


def test_a_form_without_a_file_says_so(client: Client, db: None) -> None:
    response = client.post("/verify/")
    assert response.status_code == 400
    assert "No file arrived" in response.content.decode()


def test_what_is_too_large_is_refused_before_it_is_read(client: Client, db: None) -> None:
    response = client.generic(
        "POST", "/verify/", b"short", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(2 * MOST_BYTES)
    )
    assert response.status_code == 413
    assert "at most 32 MB" in response.content.decode()


def test_the_number_on_the_paper_leads_to_its_page_and_its_files(client: Client, delivery: Delivery) -> None:
    address = f"/verify/{delivery.certificate_id}/"
    response = client.get("/verify/", {"certificate": grouped(delivery.certificate_id).lower()})
    assert response.headers["location"] == address
    page = client.get(address).content.decode()
    assert "its signature is good" in page
    for told in ("Carla", "a secret harbour", delivery.sha256):
        assert told in page
    assert client.get(f"{address}certificate.pdf").content.startswith(b"%PDF-")
    assert client.get(f"{address}certificate.json").content.decode() == delivery.certificate


def test_a_number_that_is_none_of_ours_finds_nothing(client: Client, delivery: Delivery) -> None:
    response = client.get("/verify/", {"certificate": "AAAA-AAAA-AAAA-AAAA"})
    assert response.status_code == 404
    assert "No certificate has this number" in response.content.decode()
    assert client.get("/verify/AAAAAAAAAAAAAAAA/").status_code == 404
    addresses = ("verify/{}/", "verify/{}/certificate.pdf", "models/cards/{}.json", "api/v1/certificates/{}/")
    assert {client.get("/" + one.format("A%00")).status_code for one in addresses} == {404}, "what no database holds"


def test_the_page_warns_of_a_certificate_whose_signature_is_not_good(client: Client, delivery: Delivery) -> None:
    forged = Delivery(
        download=delivery.download,
        file_format="PNG",
        file=delivery.file,
        sha256="0" * 64,
        perceptual_hash=0,
        manifest_label="urn:c2pa:none",
        certificate_id="FORGEDFORGEDFORG",
        certificate=delivery.certificate.replace("Carla", "Clara"),
        delivered_at=SOLD_AT,
    )
    forged.save()
    page = client.get("/verify/FORGEDFORGEDFORG/").content.decode()
    assert "Do not rely on this certificate" in page
    assert "its signature is good" not in page


def test_a_customer_records_human_edits_which_the_certificate_shows_apart_from_what_is_signed(
    client: Client, delivery: Delivery, carla: Customer, ana: Contributor
) -> None:
    address = f"/downloads/{delivery.download_id}/edits/"
    for person, answer in ((ana, 404), (carla, 302)):
        assert person.user is not None
        client.force_login(person.user)
        assert client.post(address, {"description": "Sky <b>repainted</b> by Carla"}).status_code == answer
    assert "This field is required" in client.post(address, {"description": " "}).content.decode()
    assert HumanEdit.objects.get().download_id == delivery.download_id
    page = Client().get(f"/verify/{delivery.certificate_id}/").content.decode()
    assert "Sky &lt;b&gt;repainted&lt;/b&gt; by Carla" in page
    assert "no part of what is signed" in page
    assert "repainted" not in Client().get(f"/verify/{delivery.certificate_id}/certificate.json").content.decode()


def test_a_recorded_edit_cannot_be_changed(delivery: Delivery) -> None:
    edit = delivery.download.human_edits.create(description="Sky repainted", recorded_at=SOLD_AT)
    edit.description = "Everything repainted"
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        edit.save()
