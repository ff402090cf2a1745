"""Pages of the marketplace: who finds what."""

from io import BytesIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from PIL import Image

from marketplace.models import Asset, Contributor, Customer, Generation, User
from tests.builders import (
    PASSWORD,
    jpeg_bytes,
    make_asset,
    make_customer,
    make_download,
    make_generation,
    make_generator_model,
    make_picture,
    make_training_set,
    make_user,
    submit,
)


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def log_in(client: Client, person: Contributor | Customer | User) -> None:
    user = person if isinstance(person, User) else person.user
    assert user is not None
    client.force_login(user)


def test_nobody_sees_a_page_without_logging_in(client: Client, generation: Generation) -> None:
    for path in ("/", "/generations/", f"/generations/{generation.pk}/preview.jpg", "/finance/ledger/"):
        assert client.get(path).headers["location"].startswith("/accounts/login/")


def test_a_person_logs_in_and_out(client: Client, ana: Contributor) -> None:
    assert "not correct" in client.post("/accounts/login/", {"login": "ana", "password": "wrong"}).content.decode()
    response = client.post("/accounts/login/", {"login": "ana", "password": PASSWORD}, follow=True)
    assert "Welcome, ana" in response.content.decode()
    assert client.post("/accounts/logout/").headers["location"] == "/accounts/login/"
    assert client.get("/").status_code == 302


def test_home_leads_each_role_to_its_own_pages(client: Client, ana: Contributor, carla: Customer, fay: User) -> None:
    boss = make_user("boss", is_superuser=True)
    expected: dict[Contributor | Customer | User, set[str]] = {
        ana: {"/contributor/", "/contributor/images/"},
        carla: {"/generations/", "/downloads/"},
        fay: {"/generations/", "/review/", "/finance/months/", "/finance/runs/", "/finance/ledger/"},
        make_user("rita", "reviewer"): {"/review/"},
        boss: {"/generations/", "/review/", "/finance/months/", "/finance/runs/", "/finance/ledger/", "/admin/"},
        make_user("nobody"): set(),
    }
    every_path: set[str] = set().union(*expected.values())
    for person, paths in expected.items():
        log_in(client, person)
        page = client.get("/", follow=True).content.decode()
        assert {path for path in every_path if f'href="{path}"' in page} == paths
        assert all(client.get(path).status_code == 200 for path in paths)


def test_a_login_without_a_role_is_told_so(client: Client, db: None) -> None:
    log_in(client, make_user("nobody"))
    assert "no role yet" in client.get("/").content.decode()


def test_contributors_do_not_see_the_shop_and_its_prompts(
    client: Client, ana: Contributor, generation: Generation
) -> None:
    log_in(client, ana)
    assert client.get("/generations/").status_code == 404
    assert client.get(f"/generations/{generation.pk}/").status_code == 404


def test_customers_see_their_own_licences_only(client: Client, carla: Customer, generation: Generation) -> None:
    mine, other = make_download(carla, generation), make_download(make_customer("Dan"), generation)
    log_in(client, carla)
    page = client.get("/downloads/").content.decode()
    assert f"/downloads/{mine.pk}/file.jpg" in page
    assert f"/downloads/{other.pk}/file.jpg" not in page
    assert "Oct 14, 2026, 12:00 UTC" in page


def test_previews_are_small_pictures_and_originals_have_no_address(
    client: Client, ana: Contributor, carla: Customer, generation: Generation
) -> None:
    asset = ana.assets.get()
    log_in(client, carla)
    for address in (f"/assets/{asset.pk}/thumbnail.jpg", f"/generations/{generation.pk}/preview.jpg"):
        response = client.get(address)
        assert response.headers["content-type"] == "image/jpeg"
        assert response.getvalue().startswith(b"\xff\xd8\xff")
    for stored in (asset.submission.original.name, asset.preview.name, asset.thumbnail.name):
        for folder in ("", "files/", "media/"):
            assert client.get(f"/{folder}{stored}").status_code == 404


def size_of(response: Any) -> tuple[int, int]:
    with Image.open(BytesIO(response.getvalue())) as image:
        return image.size


def test_only_its_contributor_and_finance_see_an_image_larger_than_a_thumbnail(
    client: Client, ana: Contributor, ben: Contributor, carla: Customer, fay: User
) -> None:
    asset = Asset.objects.get(submission=submit(ana, jpeg_bytes(make_picture(width=1_500, height=900))))
    address = f"/assets/{asset.pk}"
    for person in (ana, fay, ben, carla):
        log_in(client, person)
        assert size_of(client.get(f"{address}/thumbnail.jpg")) == (320, 192)
        if person in (ana, fay):
            assert size_of(client.get(f"{address}/preview.jpg")) == (1024, 614)
        else:
            assert client.get(f"{address}/preview.jpg").status_code == 404


def test_a_customer_sees_the_price_which_is_a_setting(
    client: Client, carla: Customer, generation: Generation, settings: LazySettings
) -> None:
    settings.LICENCE_PRICE_MINOR, settings.STRIPE_API_KEY = 1_250, "sk_test_1"
    log_in(client, carla)
    page = client.get(f"/generations/{generation.pk}/").content.decode()
    assert "License for 12.50 USD" in page
    assert "Nothing is charged before you confirm it there" in page
    assert generation.prompt in page


def test_where_no_stripe_key_is_set_the_page_says_that_nothing_can_be_bought(
    client: Client, carla: Customer, generation: Generation, settings: LazySettings
) -> None:
    settings.STRIPE_API_KEY = ""
    log_in(client, carla)
    page = client.get(f"/generations/{generation.pk}/").content.decode()
    assert "Buying is not set up here." in page
    assert "License for" not in page


def test_the_admin_cannot_change_what_happened(client: Client, carla: Customer, generation: Generation) -> None:
    download = make_download(carla, generation)
    log_in(client, make_user("boss", is_superuser=True))
    assert client.get(f"/admin/marketplace/download/{download.pk}/change/").status_code == 200
    assert client.post(f"/admin/marketplace/download/{download.pk}/change/", {"gross_minor": 1}).status_code == 403
    assert client.get("/admin/marketplace/download/add/").status_code == 403
    assert client.post(f"/admin/marketplace/download/{download.pk}/delete/", {"post": "yes"}).status_code == 403
    download.refresh_from_db()
    assert download.gross_minor == 1_000
