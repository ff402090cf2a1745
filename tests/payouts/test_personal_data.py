"""People take their data along, and are erased without a hole in the books."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from marketplace.api_tokens import make_token
from marketplace.core.scopes import Scope
from marketplace.core.verdicts import Verdict
from marketplace.core.webhooks import Event
from marketplace.mailing import mail_to, write_mail
from marketplace.models import (
    ApiToken,
    Asset,
    Contributor,
    Customer,
    Mail,
    Submission,
    TrainingConsent,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from marketplace.permissions import roles_of
from marketplace.webhook_outbox import add_endpoint
from payouts.erasing import CannotErase, erase_person
from payouts.integrity import findings
from payouts.models import Period, Statement
from payouts.personal_data import export_person
from tests.builders import (
    CLOSED_AT,
    PASSWORD,
    jpeg_bytes,
    make_asset,
    make_attributed_downloads,
    make_closed_month,
    make_generation,
    make_generator_model,
    make_picture,
    make_training_set,
    make_user,
    submit,
)
from tests.connections import in_another_connection, wait_until_one_is_blocked
from tests.marketplace.test_uploads_and_appeals import generated_bytes

DATA = "/accounts/data/"


def user_of(person: Contributor | Customer) -> User:
    assert person.user is not None
    return person.user


def exported(user: User) -> tuple[dict[str, Any], dict[str, bytes]]:
    with export_person(user) as file, ZipFile(file) as zipped:
        files = {name: zipped.read(name) for name in zipped.namelist()}
    return json.loads(files.pop("data.json")), files


@pytest.fixture
def october(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    make_attributed_downloads([ana, ben], carla)
    return make_closed_month(fay, finn)


def test_an_export_has_all_of_a_contributor_with_the_files_they_uploaded(october: Period, ana: Contributor) -> None:
    data, files = exported(user_of(ana))
    assert data["login"][0]["email"] == "ana@example.org"
    assert data["contributor"][0]["name"] == "Ana"
    assert [one["title"] for one in data["submissions"]] == ["A picture by Ana"]
    assert len(data["shares"]) == 3
    assert data["statements"][0]["closing_micro"] == Statement.objects.get(contributor=ana).closing_micro
    original = ana.submissions.get().original
    assert list(files.values()) == [Path(original.path).read_bytes()]


def test_an_export_has_nothing_of_anybody_else(october: Period, ana: Contributor, carla: Customer) -> None:
    for person in (ana, carla):
        with export_person(user_of(person)) as file, ZipFile(file) as zipped:
            text = zipped.read("data.json").decode()
        others = {"Ana", "Ben", "Carla"} - {person.name}
        assert not any(name in text for name in others)
    data, files = exported(user_of(carla))
    assert (len(data["licences"]), files, data["submissions"]) == (3, {}, [])


def test_the_page_hands_out_the_zip(client: Client, ana: Contributor) -> None:
    client.force_login(user_of(ana))
    assert "Download your data" in client.get(DATA).content.decode()
    response = client.get(f"{DATA}export.zip")
    assert ZipFile(BytesIO(response.getvalue())).namelist() == ["data.json"]


@pytest.mark.django_db(transaction=True)
def test_a_contributor_without_a_balance_is_erased_and_the_books_still_add_up(
    october: Period, ana: Contributor, carla: Customer, fay: User
) -> None:
    user, statement = user_of(carla), Statement.objects.get(contributor=ana)
    erase_person(user, CLOSED_AT)
    eve = Contributor.objects.create(name="Eve", country="DE", user=make_user("eve"), joined_at=CLOSED_AT)
    asset = make_asset(eve)
    preview = str(asset.preview.name)
    erase_person(user_of(eve), CLOSED_AT)
    carla.refresh_from_db()
    eve.refresh_from_db()
    assert (carla.name, eve.name) == (f"Customer {carla.pk}", f"Contributor {eve.pk}")
    assert not TrainingConsent.objects.filter(asset=asset).latest("pk").granted
    assert Submission.objects.get(asset=asset).title == f"Image {asset.submission_id}"
    assert Asset.objects.get(pk=asset.pk).preview.name == preview
    assert default_storage.exists(preview)
    assert Statement.objects.get(contributor=ana).leaf_sha256 == statement.leaf_sha256
    assert list(findings()) == []
    call_command("check_ledger")


def test_nobody_logs_in_as_an_erased_person_and_nothing_names_them(client: Client, carla: Customer) -> None:
    user = user_of(carla)
    client.force_login(user)
    erase_person(user, CLOSED_AT)
    assert client.get("/downloads/").status_code == 302, "an open session ends"
    page = client.post("/accounts/login/", {"login": "carla", "password": PASSWORD}).content.decode()
    assert "not correct" in page
    user.refresh_from_db()
    assert (user.username, user.email) == (f"erased-{user.pk}", f"erased-{user.pk}@erased.invalid")
    assert not roles_of(user).finance


def test_originals_go_unless_somebody_else_uploaded_the_same_bytes(
    ana: Contributor, ben: Contributor, django_capture_on_commit_callbacks: Any
) -> None:
    same = jpeg_bytes(make_picture())
    own, shared = make_asset(ana).submission, submit(ana, same)
    submit(ben, same)
    names = [str(own.original.name), str(shared.original.name)]
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(user_of(ana), CLOSED_AT)
    assert [default_storage.exists(name) for name in names] == [False, True]
    assert {one.original.name for one in ana.submissions.all()} == {""}


@pytest.mark.django_db(transaction=True)
def test_a_file_that_somebody_uploads_while_its_owner_is_erased_stays(ana: Contributor, ben: Contributor) -> None:
    data = jpeg_bytes(make_picture())
    make_asset(ana)
    submit(ana, data)
    with transaction.atomic():
        uploaded = submit(ben, data)
        erasing = in_another_connection(lambda: erase_person(user_of(ana), CLOSED_AT), [])
        wait_until_one_is_blocked()
    erasing.join()
    assert default_storage.exists(str(uploaded.original.name))
    assert default_storage.exists(str(uploaded.preview.name))
    assert {one.original.name for one in ana.submissions.all()} == {""}


def test_tokens_webhooks_and_mail_are_exported_and_go_with_their_user(
    ana: Contributor,
) -> None:
    user = user_of(ana)
    _token, secret = make_token(user, "my script", [Scope.ASSETS_READ], 30, timezone.now())
    add_endpoint(user, "https://ana.example.org/hook", [Event.UPLOAD_DECIDED], CLOSED_AT)
    submit(ana, b"no picture")
    write_mail([mail_to(user.pk, "submission_decided", "1", "/", CLOSED_AT, {"title": "Ana's boats"})])
    data, _files = exported(user)
    assert [one["name"] for one in data["api_tokens"]] == ["my script"]
    assert [one["url"] for one in data["webhook_endpoints"]] == ["https://ana.example.org/hook"]
    assert len(data["webhook_deliveries"]) == 1
    assert [one["told"] for one in data["mail"]] == [{"title": "Ana's boats"}]
    text = json.dumps(data)
    assert secret not in text
    assert WebhookEndpoint.objects.get().secret not in text
    erase_person(user, CLOSED_AT)
    for kind in (ApiToken, WebhookEndpoint, WebhookDelivery, Mail):
        assert not kind._default_manager.exists()


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_is_also_a_generations_outlives_its_uploader(ana: Contributor, ben: Contributor) -> None:
    make_asset(ana)
    generation = make_generation(make_generator_model(make_training_set()), picture=make_picture(7))
    refused = submit(ben, generated_bytes(7))
    assert (refused.verdict, refused.preview.name) == (Verdict.REJECT, generation.preview.name)
    erase_person(user_of(ben), CLOSED_AT)
    assert default_storage.exists(str(generation.preview.name))


def test_nobody_is_erased_while_we_owe_them_money(client: Client, october: Period, ana: Contributor) -> None:
    with pytest.raises(CannotErase, match=r"Your balance is \d+\.\d+ USD"):
        erase_person(user_of(ana), CLOSED_AT)
    client.force_login(user_of(ana))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post(f"{DATA}erase/", {"username": "ana"}).content.decode()
    assert "You cannot be erased yet" in page
    assert User.objects.filter(username="ana").exists()


def test_nobody_is_erased_while_an_upload_waits_for_a_reviewer(ana: Contributor, ben: Contributor) -> None:
    same = jpeg_bytes(make_picture())
    submit(ben, same)
    submit(ana, same)
    with pytest.raises(CannotErase, match="A reviewer has yet to decide"):
        erase_person(user_of(ana), CLOSED_AT)


def test_the_last_superuser_stays(db: None) -> None:
    boss = make_user("boss", is_superuser=True)
    with pytest.raises(CannotErase, match="only superuser"):
        erase_person(boss, CLOSED_AT)
    make_user("second", is_superuser=True)
    erase_person(boss, CLOSED_AT)
    assert not User.objects.get(pk=boss.pk).is_superuser


def test_erasure_takes_the_password_again_and_the_name_typed_out(client: Client, carla: Customer) -> None:
    client.force_login(user_of(carla))
    assert client.get(f"{DATA}erase/").headers["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert "That is not your username" in client.post(f"{DATA}erase/", {"username": "x"}).content.decode()
    assert client.post(f"{DATA}erase/", {"username": "carla"}).headers["Location"] == "/accounts/login/"
    assert not User.objects.filter(username="carla").exists()
