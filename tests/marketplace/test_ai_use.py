"""The record of AI use of a project has all that a customer must show of its images, and each file can be checked."""

import hashlib
import json
import re
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import Client
from django.utils import translation
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from marketplace.ai_use_archive import write_record
from marketplace.core.canonical import canonical
from marketplace.core.prompts import PromptDecision
from marketplace.core.terms import Audience
from marketplace.delivering import DownloadShares, deliver
from marketplace.licences import grouped, open_seal
from marketplace.models import Asset, Contributor, Customer, Delivery, Download, Project, RegisterEntry
from marketplace.projects import create_project, put_into_project
from marketplace.prompts.checking import check_prompt
from marketplace.prompts.deciding import decide_prompt
from marketplace.terms import current_terms
from tests.builders import (
    FROZEN_AT,
    JOINED_AT,
    SOLD_AT,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_training_set,
    make_user,
)

MADE_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SITE = "https://example.org"


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana)


@pytest.fixture
def downloads(carla: Customer, asset: Asset) -> list[Download]:
    """Two licences; the second one's file was never downloaded."""
    model = make_generator_model(make_training_set())
    return [make_download(carla, make_generation(model, prompt)) for prompt in ("a <quiet> harbour", "a loud one")]


@pytest.fixture
def delivery(downloads: list[Download], asset: Asset) -> Delivery:
    shares = DownloadShares("energy_shares 2", "fingerprint", {asset.pk: 600_000}, 400_000)
    return deliver(downloads[0], "JPEG", shares, SOLD_AT)


@pytest.fixture
def project(carla: Customer, downloads: list[Download], delivery: Delivery) -> Project:
    project = create_project(carla, "Spring <campaign>", SOLD_AT)
    put_into_project(project, downloads, SOLD_AT)
    return project


def exported(project: Project) -> dict[str, bytes]:
    with write_record(project, lambda path: f"{SITE}{path}", MADE_AT) as file, ZipFile(file) as zipped:
        assert zipped.testzip() is None
        return {name: zipped.read(name) for name in zipped.namelist()}


def record_of(project: Project) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(exported(project)["record.json"])
    return record


def files_named(value: Any) -> list[dict[str, Any]]:
    """Every file that the record names, wherever it names it."""
    if isinstance(value, list):
        return [file for part in value for file in files_named(part)]
    if not isinstance(value, dict):
        return []
    own = [value] if value.keys() == {"name", "sha256", "bytes"} else []
    return own + [file for part in value.values() for file in files_named(part)]


def test_the_record_is_canonical_and_dated_and_says_of_whom_and_what_it_is(project: Project) -> None:
    data = exported(project)["record.json"]
    record = json.loads(data)
    assert canonical(record) == data
    assert record["made_at"] == "2026-11-20T09:30:00.000000Z"
    assert record["project"] == {
        "number": project.pk,
        "name": "Spring <campaign>",
        "created_at": "2026-10-14T12:00:00.000000Z",
    }
    assert record["customer"] == "Carla"
    assert record["verify_at"] == f"{SITE}/verify/"


def test_every_file_in_it_is_named_once_with_its_sha256_and_nothing_else_is_named(project: Project) -> None:
    files = exported(project)
    del files["signature.json"]  # which is of the record
    named = files_named(json.loads(files.pop("record.json")))
    assert {file["name"]: file["sha256"] for file in named} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert [file["bytes"] for file in named] == [len(files[file["name"]]) for file in named]
    assert len(named) == len(files) == 6, "a picture, its certificate twice, a card, the terms and the page"


def test_of_each_licence_it_says_what_was_generated_how_and_on_which_terms(
    project: Project, downloads: list[Download]
) -> None:
    first, second = record_of(project)["licences"]
    generation = downloads[0].generation
    assert first["licence"]["number"] == downloads[0].pk
    assert (first["licence"]["gross_minor"], first["licence"]["terms"]) == (1_000, "Commercial use")
    assert first["generation"]["prompt"] == "a <quiet> harbour"
    assert first["generation"]["seed"] == generation.seed
    assert first["generation"]["original_sha256"] == generation.sha256
    assert (first["generator"]["model"], first["generator"]["training_set"]) == ("sample", "catalogue 1")
    assert second["generation"]["prompt"] == "a loud one"


def test_the_originals_and_certificates_are_those_that_we_handed_out_and_say_where_to_check_them(
    client: Client, project: Project, delivery: Delivery
) -> None:
    files = exported(project)
    (certificate,) = json.loads(files["record.json"])["licences"][0]["certificates"]
    number = grouped(delivery.certificate_id)
    assert certificate["number"] == number
    assert certificate["address"] == f"{SITE}/verify/{delivery.certificate_id}/"
    folder = f"licences/{delivery.download_id}/{number}"
    assert hashlib.sha256(files[f"{folder}.jpeg"]).hexdigest() == delivery.sha256
    assert open_seal(files[f"{folder}.json"])["certificate"] == delivery.certificate_id
    assert files[f"{folder}.json"] == client.get(f"/verify/{delivery.certificate_id}/certificate.json").content
    assert number in PdfReader(BytesIO(files[f"{folder}.pdf"])).pages[0].extract_text()


def test_inspirations_are_those_of_the_delivered_file_by_ids_that_nobody_can_trace(
    project: Project, delivery: Delivery, asset: Asset
) -> None:
    first, second = record_of(project)["licences"]
    assert first["inspiration"] == open_seal(delivery.certificate)["inspiration"]
    (inspiration,) = first["inspiration"]["inspirations"]
    assert inspiration["share_ppm"] == 600_000
    assert re.fullmatch("[0-9a-f]{32}", inspiration["id"])
    assert second["inspiration"] is None, "no file was handed out yet"
    assert "No file of this licence was downloaded yet" in exported(project)["record.html"].decode()


def test_the_cards_of_the_models_are_there_in_the_spelling_that_is_hashed(project: Project) -> None:
    files = exported(project)
    for licence in json.loads(files["record.json"])["licences"]:
        sha256 = licence["generator"]["card_sha256"]
        assert hashlib.sha256(files[f"cards/{sha256}.json"]).hexdigest() == sha256
    assert "It makes nothing but gradients." in files["record.html"].decode()


def test_the_terms_are_there_as_they_were_accepted_and_when(project: Project) -> None:
    files = exported(project)
    accepted = json.loads(files["record.json"])["licences"][0]["licence"]["terms_of_use"]
    assert accepted["accepted_at"] == "2026-09-01T08:00:00.000000Z"
    assert accepted["sha256"] == current_terms(Audience.CUSTOMER).sha256
    assert hashlib.sha256(files[f"terms/{accepted['version']}.txt"]).hexdigest() == accepted["sha256"]
    assert "accepted at Sep 1, 2026, 08:00 UTC" in files["record.html"].decode()


def test_prompts_come_with_what_their_check_found_and_reviewers_decided(carla: Customer, asset: Asset) -> None:
    rita = make_user("rita", "reviewer")
    RegisterEntry.objects.create(
        kind="person",
        term="Nora Falk",
        valid_from_on=JOINED_AT.date(),
        source="Tests",
        recorded_by=rita,
        recorded_at=JOINED_AT,
    )
    check = check_prompt("Nora Falk in a boat", None, FROZEN_AT)
    decide_prompt(check, PromptDecision.CLEARED, "A secret of the reviewer's.", rita, FROZEN_AT)
    generation = make_generation(make_generator_model(make_training_set()), "Nora Falk in a boat")
    project = create_project(carla, "Boats", SOLD_AT)
    put_into_project(project, [make_download(carla, generation)], SOLD_AT)
    files = exported(project)
    found = json.loads(files["record.json"])["licences"][0]["prompt_check"]
    assert (found["outcome"], found["findings"][0]["term"]) == ("ask", "Nora Falk")
    assert found["decisions"] == [{"decision": "cleared", "decided_at": "2026-09-20T08:00:00.000000Z"}]
    page = files["record.html"].decode()
    assert "cleared by a reviewer" in page
    assert "Nora Falk is a real person" in page
    assert not any(b"A secret of the reviewer" in data for data in files.values())


def test_human_edits_come_with_the_dates_at_which_they_were_recorded(
    project: Project, downloads: list[Download]
) -> None:
    downloads[1].human_edits.create(description="Sky <painted> by Eve", recorded_at=MADE_AT)
    files = exported(project)
    first, second = json.loads(files["record.json"])["licences"]
    assert first["human_edits"] == []
    assert second["human_edits"] == [
        {"description": "Sky <painted> by Eve", "recorded_at": "2026-11-20T09:30:00.000000Z"}
    ]
    page = files["record.html"].decode()
    assert "Sky &lt;painted&gt; by Eve" in page
    assert "Recorded at Nov 20, 2026, 09:30 UTC" in page


def test_the_page_needs_no_other_file_and_takes_nothing_from_elsewhere(
    project: Project, downloads: list[Download]
) -> None:
    page = exported(project)["record.html"].decode()
    assert "<h1>Record of AI use: Spring &lt;campaign&gt;</h1>" in page
    assert "a &lt;quiet&gt; harbour" in page
    assert page.count('src="data:image/jpeg;base64,') == page.count("src=") == len(downloads)
    assert "<script" not in page
    links = {link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith(f"{SITE}/verify/")}
    assert links == {"data:,"}


def test_licences_that_were_not_put_in_are_not_in_it(carla: Customer, downloads: list[Download]) -> None:
    project = create_project(carla, "One", SOLD_AT)
    put_into_project(project, downloads[1:], SOLD_AT)
    files = exported(project)
    assert [one["licence"]["number"] for one in json.loads(files["record.json"])["licences"]] == [downloads[1].pk]
    assert not any(downloads[0].generation.sha256.encode() in data for data in files.values())


def test_a_project_without_licences_has_a_record_that_says_so(carla: Customer) -> None:
    files = exported(create_project(carla, "Empty", SOLD_AT))
    record = json.loads(files["record.json"])
    assert canonical(record) == files["record.json"]
    assert (record["licences"], [file["name"] for file in record["files"]]) == ([], ["record.html"])


def test_only_what_people_read_is_in_the_readers_language(project: Project) -> None:
    english = exported(project)
    with translation.override("de"):
        german = exported(project)
    assert '<html lang="de">' in german["record.html"].decode()
    of_it = ("record.json", "signature.json")
    for_programs = [name for name in english if name.endswith((".json", ".txt", ".jpeg")) and name not in of_it]
    assert len(for_programs) == 4
    assert all(german[name] == english[name] for name in for_programs)
    records = [json.loads(files["record.json"])["licences"] for files in (english, german)]
    for licence in (licence for record in records for licence in record):
        del licence["certificates"]  # which name the papers with their SHA-256
    assert records[0] == records[1]


def test_the_project_hands_out_the_zip(client: Client, carla: Customer, project: Project) -> None:
    assert carla.user is not None
    client.force_login(carla.user)
    response = client.get(f"/projects/{project.pk}/record.zip")
    assert response.headers["Content-Disposition"] == f'attachment; filename="record-of-ai-use-{project.pk}.zip"'
    with ZipFile(BytesIO(response.getvalue())) as zipped:
        record = json.loads(zipped.read("record.json"))
    assert record["verify_at"] == "http://testserver/verify/"


def test_more_licences_take_no_more_queries(
    carla: Customer, project: Project, downloads: list[Download], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    more = [make_download(carla, downloads[0].generation) for _ in range(6)]
    put_into_project(project, more, SOLD_AT)
    with django_assert_max_num_queries(9):
        exported(project)


def test_it_says_of_which_licences_no_people_were_required_and_what_was_found(
    carla: Customer, project: Project, downloads: list[Download]
) -> None:
    model = downloads[0].generation.generator_model
    required = make_download(carla, make_generation(model, must_show_no_people=True))
    put_into_project(project, [required], SOLD_AT)
    files = exported(project)
    first, _, third = json.loads(files["record.json"])["licences"]
    assert first["people_check"] is None
    assert (third["people_check"]["requirement"], third["people_check"]["face_count"]) == ("no people", 0)
    assert files["record.html"].decode().count("No face was found in it.") == 1


def test_files_do_not_gather_in_memory(project: Project, delivery: Delivery) -> None:
    Path(delivery.file.path).write_bytes(bytes(30_000_000))
    tracemalloc.start()
    with write_record(project, lambda path: f"{SITE}{path}", MADE_AT):
        _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 15_000_000
