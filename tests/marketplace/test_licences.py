"""A licence certificate says what was licensed of whom, and nobody can change a word of it unseen."""

import json
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from marketplace.core.prompts import EntryKind
from marketplace.core.terms import Audience
from marketplace.delivering import DownloadShares, KnownMarks, deliver
from marketplace.generator_models import record_bias_report
from marketplace.licence_pdf import as_pdf
from marketplace.licences import Document, grouped, open_seal, sections, ungrouped
from marketplace.models import Asset, Contributor, Customer, Delivery, RegisterEntry
from marketplace.prompts.register import record_entry
from marketplace.signing import NotSigned
from marketplace.terms import current_terms
from tests.builders import (
    FROZEN_AT,
    SOLD_AT,
    make_asset,
    make_customer,
    make_download,
    make_generation,
    make_generator_model,
    make_training_set,
    make_user,
)

ADDRESS = "https://example.org/verify/ABC/"


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana)


def delivered_to(
    customer: Customer, asset: Asset, prompt: str = "a quiet harbour", *, must_show_no_people: bool = False
) -> Delivery:
    model = make_generator_model(make_training_set())
    download = make_download(customer, make_generation(model, prompt, must_show_no_people=must_show_no_people))
    shares = DownloadShares("energy_shares 2", "fingerprint", {asset.pk: 600_000}, 400_000)
    return deliver(download, "JPEG", shares, SOLD_AT)


def checks_of(document: Document) -> dict[str, str]:
    return dict(dict(sections(document))["Checks before the sale"])


def test_it_says_who_licensed_what_on_which_terms_and_how_it_was_made(carla: Customer, asset: Asset) -> None:
    delivery = delivered_to(carla, asset)
    document = open_seal(delivery.certificate)
    generation = delivery.download.generation
    assert document["licence"] == {
        "number": delivery.download_id,
        "customer": "Carla",
        "licensed_at": "2026-10-14T12:00:00.000000Z",
        "gross_minor": 1_000,
        "currency": "USD",
        "terms": "Commercial use",
        "terms_of_use": {
            "version": current_terms(Audience.CUSTOMER).version,
            "sha256": current_terms(Audience.CUSTOMER).sha256,
            "accepted_at": "2026-09-01T08:00:00.000000Z",
        },
    }
    assert document["generation"]["prompt"] == "a quiet harbour"
    assert document["generation"]["seed"] == generation.seed
    assert document["generation"]["original_sha256"] == generation.sha256
    assert document["generator"]["training_set"] == "catalogue 1"
    assert document["delivered"]["sha256"] == delivery.sha256
    assert document["delivered"]["manifest"] == delivery.manifest_label
    assert document["copy_check"]["outcome"] == "clear"
    assert [one["share_ppm"] for one in document["inspiration"]["inspirations"]] == [600_000]


def test_it_says_what_was_looked_for_before_the_sale_and_what_came_out(carla: Customer, asset: Asset) -> None:
    model = make_generator_model(make_training_set())
    record_bias_report(model, {"Gini coefficient of earnings, in ppm": 250_000}, SOLD_AT.date())
    model.refresh_from_db()
    entry = RegisterEntry(
        kind=EntryKind.TRADE_MARK, term="Marenholtz", valid_from_on=date(2026, 1, 1), source="The office's register"
    )
    record_entry(entry, make_user("rita", "reviewer"), FROZEN_AT)
    download = make_download(carla, make_generation(model, "a Marenholtz lamp"))
    document = open_seal(deliver(download, "JPEG", None, SOLD_AT, KnownMarks(3, 0)).certificate)
    assert document["prompt_check"]["found"] == ["trade mark"]
    with_what = "2026-09-20 08:00 UTC with register, rules 1"
    assert checks_of(document) == {
        "Check of the prompt": f"allowed with a warning; found at {with_what}: trade mark",
        "Check for copies": "clear at 2026-09-20 08:00 UTC",
        "Known marks of others": "3 looked for, 0 found",
    }
    card = dict(dict(sections(document))["Card of the generator model, when the image was made"])
    assert card["Bias report, when issued"] == "2026-10-14: Gini coefficient of earnings: 25.0 %"


def test_it_says_that_no_people_were_required_what_looked_for_them_and_whom_that_does_not_find(
    carla: Customer, asset: Asset
) -> None:
    document = open_seal(delivered_to(carla, asset, must_show_no_people=True).certificate)
    assert document["people_check"]["requirement"] == "no people"
    people = checks_of(document)["People"]
    assert people.startswith("Required to show none: no face was found, at 2026-09-20 08:00 UTC by MTCNN 1. Not found")
    assert "as from behind" in people
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(as_pdf(document, "", ADDRESS))).pages)
    assert people.replace(" ", "") in text.replace("\n", "").replace(" ", "")


def test_where_nobody_required_it_and_in_certificates_from_before_nothing_is_said_of_people(
    carla: Customer, asset: Asset
) -> None:
    document = open_seal(delivered_to(carla, asset).certificate)
    assert document.pop("people_check") is None
    assert "People" not in checks_of(document)


def test_a_certificate_of_which_a_word_was_changed_is_not_signed(carla: Customer, asset: Asset) -> None:
    sealed = json.loads(delivered_to(carla, asset).certificate)
    sealed["certificate"]["licence"]["terms"] = "Everything"
    with pytest.raises(NotSigned, match="changed after it was signed"):
        open_seal(json.dumps(sealed))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", '{"certificate": {}}', '{"certificate": {"a": 1.5}, "signature": {"value": "", "chain": ""}}',
     '{"certificate": {}, "signature": {"value": "AAAA", "chain": "none"}}',
     '{"certificate": 3, "signature": {"value": "AAAA", "chain": ""}}'],
)  # fmt: skip
def test_what_is_no_certificate_is_refused_in_words(text: str) -> None:
    with pytest.raises(NotSigned, match=r"."):
        open_seal(text)


def test_the_paper_says_the_same_as_the_document_and_where_to_check_it(carla: Customer, asset: Asset) -> None:
    delivery = delivered_to(carla, asset, "a <b>quiet</b> harbour & more")
    document = open_seal(delivery.certificate)
    paper = as_pdf(document, "es256 signature", ADDRESS)
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages).replace("\n", "")
    for _, rows in sections(document):
        for label, value in rows:
            assert label in text
            assert value.replace(" ", "") in text.replace(" ", "")
    assert grouped(delivery.certificate_id) in text
    assert ADDRESS in text
    assert as_pdf(document, "es256 signature", ADDRESS) == paper


def test_letters_that_the_papers_font_lacks_do_not_stop_it(asset: Asset) -> None:
    document = open_seal(delivered_to(make_customer("Ωμέγα 東京"), asset).certificate)
    text = PdfReader(BytesIO(as_pdf(document, "", ADDRESS))).pages[0].extract_text()
    assert "????? ??" in text
    assert "the JSON has them all" in text.replace("\n", " ")
    assert document["licence"]["customer"] == "Ωμέγα 東京"


def test_a_card_that_says_more_than_a_page_holds_goes_on_on_the_next(carla: Customer, asset: Asset) -> None:
    document = open_seal(delivered_to(carla, asset).certificate)
    document["generator"]["card"]["data_origin"] = "From everywhere. " * 1_000 + "The end."
    pages = PdfReader(BytesIO(as_pdf(document, "", ADDRESS))).pages
    assert "The end." in "".join(page.extract_text() for page in pages)


def test_a_number_is_read_however_it_is_written() -> None:
    assert grouped("ABCDEFGH23456777") == "ABCD-EFGH-2345-6777"
    assert ungrouped(" abcd-efgh 2345\u20116777\0 ") == "ABCDEFGH23456777"


def test_certificates_have_numbers_that_cannot_be_guessed(carla: Customer, asset: Asset) -> None:
    download = delivered_to(carla, asset).download
    deliver(download, "PNG", None, SOLD_AT)
    one, other = Delivery.objects.values_list("certificate_id", flat=True)
    assert len(one) == len(other) == 16
    assert sum(a == b for a, b in zip(one, other, strict=True)) < 8
