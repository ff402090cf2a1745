"""What a customer is handed says how it was made and what it resembles, and nothing about people."""

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, transaction
from django.test import Client

from attribution.delivering import NotAttributedYet, deliver_download
from attribution.models import AttributionFailure, Encoder, KnownMark, MarkSearch
from marketplace.credentials import INSPIRATION_LABEL, State, read_credentials, sign_file
from marketplace.licences import open_seal
from marketplace.models import Asset, Contributor, Customer, Delivery, Download, OutputCheck, User
from marketplace.provenance import ImageFormat
from marketplace.signing import CannotSign
from tests.builders import (
    SOLD_AT,
    make_asset,
    make_customer,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
)

FORMATS = get_args(ImageFormat)


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana)


@pytest.fixture
def encoder(db: None) -> Encoder:
    return make_encoder()


@pytest.fixture
def buy(asset: Asset, encoder: Encoder, carla: Customer) -> Callable[[], Download]:
    """Make a generation that Carla licenses and that is attributed to Ana's asset by three quarters."""
    model = make_generator_model(make_training_set())

    def bought() -> Download:
        download = make_download(carla, make_generation(model))
        make_inspiration_list(download, {asset: 750_000}, encoder)
        return download

    return bought


def delivered(download: Download, file_format: ImageFormat = "JPEG") -> tuple[Delivery, bytes]:
    delivery = deliver_download(download, file_format, SOLD_AT)
    with delivery.file.open("rb") as file:
        return delivery, file.read()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_delivered_file_says_in_what_shares_it_resembles_what(
    buy: Callable[[], Download], file_format: ImageFormat
) -> None:
    _, file = delivered(buy(), file_format)
    credentials = read_credentials(file, file_format)
    assert credentials is not None
    assert credentials.state is State.TRUSTED
    said = credentials.assertion(INSPIRATION_LABEL)
    assert [one["share_ppm"] for one in said["inspirations"]] == [750_000]
    assert said["unattributed_ppm"] == 250_000
    assert "no proof" in said["meaning"]


def test_its_certificate_says_how_many_known_marks_were_looked_for_and_found(buy: Callable[[], Download]) -> None:
    download, other = buy(), buy()
    found = OutputCheck.objects.filter(generation=download.generation).latest("pk")
    for name, output_check in (("seal", None), ("logo", found), ("logo again", None)):
        mark = KnownMark.objects.get_or_create(name=name.split()[0], recorded_at=SOLD_AT, picture="marks/x.png")[0]
        MarkSearch.objects.create(
            generation=download.generation,
            known_mark=mark,
            output_check=output_check,
            region=[[0, 0]] if output_check else [],
            version=1,
            searched_at=SOLD_AT,
        )
    assert open_seal(delivered(download)[0].certificate)["known_marks"] == {"looked_for": 2, "found": 1}
    assert open_seal(delivered(other)[0].certificate)["known_marks"] is None


def test_a_delivered_file_says_nothing_about_people_and_two_files_share_no_id(buy: Callable[[], Download]) -> None:
    ids = []
    for _ in range(2):
        _, file = delivered(buy())
        credentials = read_credentials(file, "JPEG")
        assert credentials is not None
        (one,) = credentials.assertion(INSPIRATION_LABEL)["inspirations"]
        ids.append(one["id"])
        assert len(one["id"]) == 32
        for told in (b"Ana", b"Carla", b"example.org"):
            assert told not in file
    assert ids[0] != ids[1]


def test_an_id_cannot_be_computed_without_our_key(buy: Callable[[], Download], settings: LazySettings) -> None:
    download = buy()
    first = json.loads(delivered(download)[0].certificate)["certificate"]["inspiration"]["inspirations"]
    settings.SECRET_KEY = "another key"
    second = json.loads(delivered(download, "PNG")[0].certificate)["certificate"]["inspiration"]["inspirations"]
    assert first[0]["share_ppm"] == second[0]["share_ppm"]
    assert first[0]["id"] != second[0]["id"]


def test_the_same_file_is_handed_out_every_time_and_logged_with_its_hash(buy: Callable[[], Download]) -> None:
    download = buy()
    first, file = delivered(download)
    again, same = delivered(download)
    assert (first, file) == (again, same)
    other, _ = delivered(download, "PNG")
    assert other.sha256 != first.sha256
    assert set(Delivery.objects.values_list("file_format", flat=True)) == {"JPEG", "PNG"}


def test_of_two_who_ask_at_once_both_get_the_file_that_was_logged(
    buy: Callable[[], Download], monkeypatch: pytest.MonkeyPatch
) -> None:
    download, first = buy(), []

    def overtaken(*arguments: Any) -> tuple[bytes, str]:
        """Sign, but let another ask for the same file meanwhile, and get it."""
        monkeypatch.setattr("marketplace.delivering.sign_file", sign_file)
        first.append(deliver_download(download, "JPEG", SOLD_AT))
        return sign_file(*arguments)

    monkeypatch.setattr("marketplace.delivering.sign_file", overtaken)
    delivery, _ = delivered(download)
    assert [delivery] == first == list(Delivery.objects.all())


def test_the_log_cannot_be_changed(buy: Callable[[], Download]) -> None:
    delivery, _ = delivered(buy())
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(sha256="0" * 64)


def test_a_file_waits_until_its_inspiration_list_is_there(
    client: Client, asset: Asset, carla: Customer, encoder: Encoder
) -> None:
    download = make_download(carla, make_generation(make_generator_model(make_training_set())))
    with pytest.raises(NotAttributedYet, match="try again"):
        deliver_download(download, "JPEG", SOLD_AT)
    assert carla.user is not None
    client.force_login(carla.user)
    page = client.get(f"/downloads/{download.pk}/file.jpg", follow=True).content.decode()
    assert "its inspiration list is computed first" in page
    assert not Delivery.objects.exists()


def test_a_file_whose_shares_cannot_be_computed_is_handed_out_and_says_so(
    asset: Asset, carla: Customer, encoder: Encoder
) -> None:
    download = make_download(carla, make_generation(make_generator_model(make_training_set())))
    AttributionFailure.objects.create(
        generation=download.generation, encoder=encoder, reason="unreadable", failed_at=SOLD_AT
    )
    _, file = delivered(download)
    credentials = read_credentials(file, "JPEG")
    assert credentials is not None
    assert credentials.assertion(INSPIRATION_LABEL) == {"meaning": "The shares of this image could not be computed."}


def test_a_file_waits_for_the_current_encoder_where_only_a_retired_one_failed(
    asset: Asset, carla: Customer, encoder: Encoder
) -> None:
    download = make_download(carla, make_generation(make_generator_model(make_training_set())))
    AttributionFailure.objects.create(
        generation=download.generation,
        encoder=make_encoder("old", is_current=False),
        reason="unreadable",
        failed_at=SOLD_AT,
    )
    with pytest.raises(NotAttributedYet):
        deliver_download(download, "JPEG", SOLD_AT)


def test_nothing_is_logged_of_a_file_that_could_not_be_signed(
    client: Client, buy: Callable[[], Download], carla: Customer, settings: LazySettings
) -> None:
    download = buy()
    settings.DEMO_CHAIN = ""
    with pytest.raises(CannotSign, match="SIGNING_CHAIN"):
        deliver_download(download, "JPEG", SOLD_AT)
    assert carla.user is not None
    client.force_login(carla.user)
    page = client.get(f"/downloads/{download.pk}/file.jpg", follow=True).content.decode()
    assert "could not be signed" in page
    assert not Delivery.objects.exists()


def test_the_file_goes_to_who_bought_it_and_to_finance_only(
    client: Client, ana: Contributor, carla: Customer, fay: User, buy: Callable[[], Download]
) -> None:
    download = buy()
    dan = make_customer("Dan")
    for user in (carla.user, fay):
        assert user is not None
        client.force_login(user)
        for extension, media_type in (("jpg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")):
            response = client.get(f"/downloads/{download.pk}/file.{extension}")
            name = f"tributary-{download.generation_id}.{extension}"
            assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
            assert response.headers["content-type"] == media_type
            assert read_credentials(response.getvalue(), {"jpg": "JPEG"}.get(extension, extension.upper()))
        assert client.get(f"/downloads/{download.pk}/file.gif").status_code == 404
    for user in (ana.user, dan.user):
        assert user is not None
        client.force_login(user)
        assert client.get(f"/downloads/{download.pk}/file.jpg").status_code == 404
