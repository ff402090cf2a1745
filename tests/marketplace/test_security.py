"""What protects readers: a policy of what pages load, forms that are not lost, and limits of how often."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from marketplace.models import Contributor, Customer, HumanEdit
from tests.builders import (
    PASSWORD,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_training_set,
    make_user,
)

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("marketplace", "attribution", "payouts")
STAND_ALONE = ("ai_use_record.html", "bias_report.html", "explanation_file.html", "replication_report.html")
"""Files that need no server, and get no policy."""
INLINE = re.compile(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:")


@pytest.mark.parametrize("address", ["/", "/verify/", "/accounts/login/", "/nowhere/", "/admin/", "/admin/login/"])
def test_every_page_says_that_nothing_but_ours_may_run(client: Client, db: None, address: str) -> None:
    client.force_login(make_user("boss", is_superuser=True))
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_no_template_has_what_that_policy_refuses() -> None:
    templates = [file for app in APPS for file in (ROOT / app).rglob("templates/**/*.html")]
    found = [str(file) for file in templates if file.name not in STAND_ALONE and INLINE.search(file.read_text())]
    assert len(templates) > 20
    assert found == []


def test_a_form_may_lead_on_to_stripe_and_nowhere_else(client: Client, db: None) -> None:
    policy = client.get("/verify/").headers["Content-Security-Policy"]
    assert "form-action 'self' https://*.stripe.com" in policy


def test_a_form_without_its_token_is_refused_in_a_sentence_that_helps(ana: Contributor) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post("/accounts/login/", {"login": "ana", "password": PASSWORD})
    assert page.status_code == 403
    assert "Nothing was recorded. Go back, load the page again" in page.content.decode()


def test_what_was_filled_in_before_a_session_ended_is_sent_after_the_next_login(
    client: Client, ana: Contributor, carla: Customer
) -> None:
    make_asset(ana)
    download = make_download(carla, make_generation(make_generator_model(make_training_set())))
    address = f"/downloads/{download.pk}/edits/"
    sent = client.post(address, {"description": "Cropped by hand <b>"})
    assert sent.headers["Location"].startswith("/accounts/login/?next=/accounts/form/")
    assert "what you filled in is kept" in client.get(sent.headers["Location"]).content.decode()
    back = client.post(sent.headers["Location"], {"login": "carla", "password": PASSWORD, "next": "/accounts/form/"})
    page = client.get(back.headers["Location"]).content.decode()
    assert f'action="{address}"' in page
    assert '<input type="hidden" name="description" value="Cropped by hand &lt;b&gt;">' in page
    assert not HumanEdit.objects.exists(), "nothing is sent before its sender says so"
    assert "No form of yours is waiting" in client.get("/accounts/form/", follow=True).content.decode()


@pytest.mark.parametrize("form", ["file", "password", "text"])
def test_files_secrets_and_very_long_texts_are_not_kept_and_that_is_said(client: Client, db: None, form: str) -> None:
    filled = {
        "file": {"images": SimpleUploadedFile("a.jpg", b"bytes")},
        "password": {"oldpassword": PASSWORD},
        "text": {"description": "x" * 200_000},
    }[form]
    sent = client.post("/contributor/upload/", filled)
    assert "nothing was recorded" in client.get(sent.headers["Location"]).content.decode()
    assert PASSWORD not in str(dict(client.session))


def test_htmx_is_led_to_the_login_with_the_whole_page(client: Client, db: None) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/generate/1/"}
    response = client.get("/generate/1/", headers=headers)
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=/generate/1/"


def test_too_many_files_in_a_minute_have_to_wait(client: Client, db: None, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"verify_file": "2/m/ip"}
    pages = [client.post("/verify/", {"file": BytesIO(b"no picture")}) for _ in range(3)]
    assert [page.status_code for page in pages] == [400, 400, 429]
    assert "Wait a minute" in pages[2].content.decode()
    assert client.get("/verify/").status_code == 200


def test_where_debug_is_on_an_unknown_address_still_lists_no_others(
    client: Client, db: None, settings: LazySettings
) -> None:
    settings.DEBUG = True
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    told = response.content.decode()
    assert "There is no such page for you." in told
    assert "finance/" not in told
