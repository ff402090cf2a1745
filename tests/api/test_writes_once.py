"""Writes with an idempotency key: done once, however often and at whatever moment they are sent again."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from marketplace.api.once import forget_answers
from marketplace.declaration import current_declaration
from marketplace.models import Asset, Contributor, Customer, IdempotencyRecord, Submission
from tests.api.asking import Asker
from tests.builders import (
    jpeg_bytes,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_picture,
    make_training_set,
)


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana)


def test_the_same_request_again_gets_the_same_answer_and_is_done_once(ana: Contributor, asset: Asset) -> None:
    asker, path = Asker(ana), f"assets/{asset.pk}/consents/"
    first = asker.post(path, {"granted": False}, key="one")
    again = asker.post(path, {"granted": False}, key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert asset.consents.count() == 2  # that of the upload, and one
    assert asker.post(path, {"granted": True}, key="two").status_code == 201
    assert asset.consents.count() == 3


def test_a_key_of_another_request_is_refused_and_nothing_is_done(ana: Contributor, asset: Asset) -> None:
    asker, path = Asker(ana), f"assets/{asset.pk}/consents/"
    asker.post(path, {"granted": False}, key="one")
    for other, body in ((path, {"granted": True}), ("webhook-endpoints/", {"granted": False})):
        refused = asker.post(other, body, key="one")
        assert refused.status_code == 422
        assert "was used for another request" in refused.json()["detail"]
    assert asset.consents.count() == 2
    assert Asker(ana).post(path, {"granted": True}, key="one").status_code == 201  # another token's keys are its own


def test_a_write_without_a_key_is_refused(ana: Contributor, asset: Asset) -> None:
    asker = Asker(ana)
    for key in (None, "", "x" * 101):
        headers = {"Authorization": f"Bearer {asker.secret}"} | ({} if key is None else {"Idempotency-Key": key})
        path, body = f"/api/v1/assets/{asset.pk}/consents/", {"granted": False}
        refused = Client().post(path, body, content_type="application/json", headers=headers)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
    assert asset.consents.count() == 1


def test_what_was_refused_is_not_kept_so_that_it_can_be_mended(ana: Contributor, asset: Asset) -> None:
    asker, path = Asker(ana), f"assets/{asset.pk}/consents/"
    assert asker.post(path, {"granted": "perhaps"}, key="one").status_code == 400
    assert asker.post(path, {"granted": False}, key="one").status_code == 201


def test_a_file_sent_again_is_the_same_request_whatever_its_boundaries(ana: Contributor) -> None:
    asker, data = Asker(ana), jpeg_bytes(make_picture())

    def send(licence: str) -> int:
        file = SimpleUploadedFile("a.jpg", data, "image/jpeg")
        form = {"file": file, "licence": licence, "declaration_sha256": current_declaration().sha256}
        return int(asker.send("submissions/", form, key="one").status_code)

    assert [send("All rights"), send("All rights"), send("None")] == [201, 201, 422]
    assert Submission.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_is_being_done_is_not_done_twice(ana: Contributor) -> None:
    asker, asset = Asker(ana), make_asset(ana)
    path, statuses = f"assets/{asset.pk}/consents/", list[int]()

    def ask() -> None:
        statuses.append(asker.post(path, {"granted": False}, key="one").status_code)
        connections.close_all()

    with connection.cursor() as cursor:  # as the first request, which is still at it, holds it
        name = f"api {asker.token.pk} one"
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
    ask_again = asker.post(path, {"granted": False}, key="one").status_code
    assert [*statuses, ask_again] == [409, 201]
    assert asset.consents.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_many_send_at_once_is_done_once(carla: Customer, ana: Contributor) -> None:
    make_asset(ana)
    licence = make_download(carla, make_generation(make_generator_model(make_training_set())))
    asker, statuses = Asker(carla), list[int]()

    def ask() -> None:
        path, body = f"downloads/{licence.pk}/edits/", {"description": "I painted over it."}
        statuses.append(asker.post(path, body, key="one").status_code)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert licence.human_edits.count() == 1


def test_what_fails_half_way_leaves_no_answer_and_no_write(
    ana: Contributor, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker, path = Asker(ana), f"assets/{asset.pk}/consents/"
    with monkeypatch.context() as patched:

        def lose_power(*args: object, **kwargs: object) -> None:
            raise RuntimeError

        patched.setattr(IdempotencyRecord.objects, "create", lose_power)
        assert asker.post(path, {"granted": False}, key="one").status_code == 500
    assert asset.consents.count() == 1
    assert asker.post(path, {"granted": False}, key="one").status_code == 201
    assert asset.consents.count() == 2


def test_answers_are_forgotten_after_seven_days(ana: Contributor, asset: Asset) -> None:
    asker = Asker(ana)
    asker.post(f"assets/{asset.pk}/consents/", {"granted": False}, key="one")
    forget_answers(timezone.now() + timedelta(days=6))
    assert IdempotencyRecord.objects.count() == 1
    forget_answers(timezone.now() + timedelta(days=8))
    assert IdempotencyRecord.objects.count() == 0
