"""Terms of use have versions: who uploads or buys accepted the one that holds, and it is kept with what they did."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from marketplace import terms
from marketplace.core.terms import Audience
from marketplace.declaration import current_declaration
from marketplace.images import sha256_hex
from marketplace.licences import licence_document, sections
from marketplace.models import (
    Contributor,
    Customer,
    DownloadTerms,
    Generation,
    Submission,
    TermsAcceptance,
    UploadTerms,
    User,
)
from marketplace.terms import (
    TermsChanged,
    TermsNotAccepted,
    accept_current_terms,
    accept_terms,
    current_terms,
    require_terms,
)
from tests.builders import (
    SOLD_AT,
    jpeg_bytes,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_picture,
    make_training_set,
)

INSPIRATION = {"meaning": "An estimate."}
NEW_TEXT = "1. Everything is as before, said more plainly.\n"


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def login(somebody: Customer | Contributor) -> User:
    assert somebody.user is not None
    return somebody.user


def change_terms(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on, others hold for both."""
    for audience in Audience:
        (folder / f"{audience}-2027-01.txt").write_text(NEW_TEXT)
    monkeypatch.setattr(terms, "FOLDER", folder)
    monkeypatch.setattr(terms, "CURRENT_VERSIONS", dict.fromkeys(Audience, "2027-01"))


def upload(client: Client) -> object:
    filled = {
        "images": SimpleUploadedFile("a.jpg", jpeg_bytes(make_picture())),
        "licence": "All rights reserved",
        "declared": "on",
        "declaration_sha256": current_declaration().sha256,
    }
    return client.post("/contributor/upload/", filled)


def test_a_download_and_its_certificate_name_the_terms_that_were_accepted(
    carla: Customer, generation: Generation
) -> None:
    download = make_download(carla, generation)
    accepted = DownloadTerms.objects.get(download=download).acceptance
    assert (accepted.user, accepted.sha256) == (carla.user, current_terms(Audience.CUSTOMER).sha256)
    delivered = dict.fromkeys(("format", "sha256", "perceptual_hash", "manifest"), "-")
    document = licence_document(download, delivered, INSPIRATION, "A" * 16, SOLD_AT)
    assert document["licence"]["terms_of_use"]["version"] == "2026-11"
    assert document["licence"]["terms_of_use"]["sha256"] == accepted.sha256


def test_an_upload_names_the_terms_that_were_accepted(ana: Contributor, client: Client) -> None:
    client.force_login(login(ana))
    upload(client)
    assert UploadTerms.objects.get().acceptance.sha256 == current_terms(Audience.CONTRIBUTOR).sha256


def test_nothing_is_uploaded_under_terms_that_changed_between_page_and_post(
    ana: Contributor, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client.force_login(login(ana))
    assert "have changed since you accepted them" not in client.get("/contributor/upload/").content.decode()
    change_terms(monkeypatch, tmp_path)
    answer = upload(client)
    assert answer["Location"] == "/terms/?next=/contributor/upload/"  # type: ignore[index]
    assert not Submission.objects.exists()
    page = client.get("/terms/?next=/contributor/upload/").content.decode()
    assert "said more plainly" in page
    assert "Read and accept the terms first" in page


def test_nothing_is_ordered_under_terms_that_changed_between_page_and_post(
    carla: Customer, generation: Generation, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client.force_login(login(carla))
    page = f"/generations/{generation.pk}/"
    assert client.get(page).status_code == 200
    change_terms(monkeypatch, tmp_path)
    answer = client.post(f"{page}license/", {"form_key": str(uuid4())})
    assert answer["Location"] == f"/terms/?next={page}"
    assert "Nothing was charged." in client.get("/terms/").content.decode()
    assert "have changed since you accepted them" in client.get(page).content.decode()
    text = current_terms(Audience.CUSTOMER)
    answer = client.post(f"/terms/?next={page}", {"audience": "customer", "sha256": text.sha256, "accepted": "on"})
    assert answer["Location"] == page
    assert "have changed since you accepted them" not in client.get(page).content.decode()


def test_what_was_bought_before_stays_under_the_terms_of_then(
    carla: Customer, generation: Generation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = current_terms(Audience.CUSTOMER)
    download = make_download(carla, generation)
    change_terms(monkeypatch, tmp_path)
    with pytest.raises(TermsNotAccepted, match="Read and accept"):
        require_terms(login(carla), Audience.CUSTOMER)
    accept_terms(login(carla), Audience.CUSTOMER, current_terms(Audience.CUSTOMER).sha256, SOLD_AT)
    assert DownloadTerms.objects.get(download=download).acceptance.sha256 == before.sha256


def test_terms_that_changed_while_they_were_read_are_read_again(
    carla: Customer, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read = current_terms(Audience.CUSTOMER)
    change_terms(monkeypatch, tmp_path)
    with pytest.raises(TermsChanged, match="have changed since you opened the page"):
        accept_terms(login(carla), Audience.CUSTOMER, read.sha256, SOLD_AT)
    client.force_login(login(carla))
    page = client.post("/terms/", {"audience": "customer", "sha256": read.sha256, "accepted": "on"})
    assert "read them below" in page.content.decode()
    assert "said more plainly" in page.content.decode()


def test_accepting_twice_is_one_record_that_nobody_can_change(carla: Customer) -> None:
    accept_current_terms(login(carla), Audience.CUSTOMER, SOLD_AT)
    assert TermsAcceptance.objects.count() == 1
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        TermsAcceptance.objects.update(version="other")


def test_the_page_leads_nowhere_else(carla: Customer, client: Client) -> None:
    client.force_login(login(carla))
    text = current_terms(Audience.CUSTOMER)
    filled = {"audience": "customer", "sha256": text.sha256, "accepted": "on"}
    assert client.post("/terms/?next=https://evil.example/", filled)["Location"] == "/terms/"
    assert "tick the box" in client.post("/terms/", {"audience": "customer", "sha256": "x"}).content.decode()


def test_a_certificate_says_the_terms_in_words_and_an_older_one_says_nothing(
    carla: Customer, generation: Generation
) -> None:
    download = make_download(carla, generation)
    delivered = dict.fromkeys(("format", "sha256", "perceptual_hash", "manifest"), "-")
    document = licence_document(download, delivered, INSPIRATION, "A" * 16, SOLD_AT)
    del document["licence"]["terms_of_use"]
    assert all(label != "Terms of use" for label, _ in sections(document)[0][1])


def test_each_version_of_the_terms_is_as_it_was_published() -> None:
    """A text that people accepted never changes: a change is a new file."""
    published = {file.stem: sha256_hex(file.read_bytes())[:12] for file in terms.FOLDER.glob("*.txt")}
    assert published == {"contributor-2026-11": "d5171416e0db", "customer-2026-11": "3bfcb67f3948"}
