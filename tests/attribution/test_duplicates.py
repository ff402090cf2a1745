"""Copies of earlier pictures are found as they come in, with proof; different pictures are left alone."""

import threading
from datetime import timedelta
from random import Random

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from PIL import Image, ImageOps
from pytest_django import Settings

from attribution import duplicates
from attribution.benchmark.derive import VARIANTS, collage
from attribution.duplicates import find_duplicates, hash_assets
from attribution.embed import current_encoder
from attribution.groups import copies_in, original_of
from attribution.models import DuplicateCheck, Encoder, NearDuplicate, PerceptualHash, Proof
from marketplace.models import Asset, Contributor
from marketplace.sample_catalogue import STYLES, draw_work
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    compare_assets,
    embed_asset,
    jpeg_bytes,
    make_training_set,
    submit,
    unit_vector,
)

EDGE = 384
STUCK_AFTER_SECONDS = 30


@pytest.fixture
def encoder(db: None, settings: Settings) -> Encoder:
    """The current encoder; the tests give its vectors, so that no model is loaded."""
    settings.ENCODER_RECIPE = "compact"
    return current_encoder(CLOSED_AT)


def draw(style: int, number: int = 3) -> Image.Image:
    return draw_work(STYLES[style], number, EDGE).image


def ingest(contributor: Contributor, encoder: Encoder, image: Image.Image, *parts: float) -> Asset:
    asset = Asset.objects.get(submission=submit(contributor, jpeg_bytes(image)))
    embed_asset(asset, encoder, unit_vector(*parts or (1,)), is_checked=False)
    return asset


def links() -> list[tuple[int, int]]:
    return list(NearDuplicate.objects.order_by("asset_id").values_list("asset_id", "original_id"))


def test_variants_of_a_picture_are_linked_to_it_whoever_uploads_them(
    ana: Contributor, ben: Contributor, encoder: Encoder
) -> None:
    original = ingest(ana, encoder, draw(0))
    copies = [ingest(ben, encoder, variant(draw(0), Random(1))) for variant in VARIANTS]
    copies.append(ingest(ana, encoder, ImageOps.mirror(draw(0)), 0, 1))  # its hash alone leads there
    compare_assets()
    assert {copy.pk for copy in copies} == {asset_id for asset_id, _ in links()}
    assert {original_of(copy.pk, CLOSED_AT) for copy in copies} == {original.pk}
    evidence = NearDuplicate.objects.get(asset=copies[0]).evidence
    assert evidence["inliers"] >= 30
    assert evidence["agreed_ppm"] >= 600_000
    assert NearDuplicate.objects.get(asset=copies[-1]).evidence["is_mirrored"]


def test_pictures_that_look_alike_to_the_encoder_are_not_copies(ana: Contributor, encoder: Encoder) -> None:
    for number in (1, 2, 3):
        ingest(ana, encoder, draw(2, number))
    ingest(ana, encoder, collage([draw(2, 1), draw(4), draw(5)], Random(1))[0])
    compare_assets()
    assert links() == []
    assert DuplicateCheck.objects.filter(compared_count__gt=0).count() == 3


def test_a_hash_alone_never_makes_a_copy(ana: Contributor, encoder: Encoder) -> None:
    red, blue = Image.new("RGB", (EDGE, EDGE), "firebrick"), Image.new("RGB", (EDGE, EDGE), "navy")
    first, other = ingest(ana, encoder, red, 1), ingest(ana, encoder, blue, 0, 1)
    assert PerceptualHash.objects.count() == 0
    again = ingest(ana, encoder, red.resize((EDGE, EDGE - 4)), 0, 0, 1)
    compare_assets()
    assert len(set(PerceptualHash.objects.values_list("hash", flat=True))) == 1
    assert links() == [(again.pk, first.pk)]
    assert NearDuplicate.objects.get().proof == Proof.PIXELS
    assert original_of(other.pk, CLOSED_AT) == other.pk


def test_a_copy_of_a_copy_belongs_to_the_first_original(ana: Contributor, encoder: Encoder) -> None:
    first = ingest(ana, encoder, draw(0), 1)
    second = ingest(ana, encoder, draw(0).crop((0, 0, 320, 320)), 1, 0.3)
    third = ingest(ana, encoder, draw(0).crop((40, 40, 320, 320)), 0.7, 1)
    compare_assets()
    assert {asset_id for asset_id, _ in links()} == {second.pk, third.pk}
    assert original_of(third.pk, CLOSED_AT) == original_of(second.pk, CLOSED_AT) == first.pk


def test_a_later_upload_never_makes_an_earlier_picture_a_copy(
    ana: Contributor, ben: Contributor, encoder: Encoder
) -> None:
    """Two different pictures stay two, though somebody uploads what resembles both of them."""
    own = [ingest(ana, encoder, image) for image in (draw(0), draw(4))]
    ingest(ben, encoder, Image.blend(draw(0), draw(4), 0.5))
    compare_assets()
    assert {asset_id for asset_id, _ in links()}.isdisjoint({asset.pk for asset in own})


def test_the_order_of_work_changes_nothing(ana: Contributor, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an earlier picture cannot be hashed, later ones wait: they might be copies of it."""
    monkeypatch.setattr(duplicates, "CHECK_AT_ONCE", 1)
    before, late, copy = (ingest(ana, encoder, image) for image in (draw(1), draw(0), ImageOps.mirror(draw(0))))
    path = default_storage.path(str(late.preview.name))
    with open(path, "rb") as file:
        data = file.read()
    default_storage.delete(str(late.preview.name))
    assert hash_assets(CLOSED_AT) == 2
    assert [find_duplicates(CLOSED_AT) for _ in range(3)] == [1, 0, 0]
    assert not DuplicateCheck.objects.exclude(asset=before).exists()
    with open(path, "wb") as file:
        file.write(data)
    assert hash_assets(CLOSED_AT) == 1
    assert [find_duplicates(CLOSED_AT) for _ in range(3)] == [1, 1, 0]
    assert links() == [(copy.pk, late.pk)]


def test_checking_again_finds_nothing_more(ana: Contributor, encoder: Encoder) -> None:
    for image in (draw(0), ImageOps.mirror(draw(0))):
        ingest(ana, encoder, image)
    compare_assets()
    assert (hash_assets(CLOSED_AT), find_duplicates(CLOSED_AT)) == (0, 0)
    assert NearDuplicate.objects.count() == 1


def test_a_killed_worker_leaves_nothing_half_done(ana: Contributor, encoder: Encoder) -> None:
    for image in (draw(0), ImageOps.mirror(draw(0))):
        ingest(ana, encoder, image)
    hash_assets(CLOSED_AT)
    with transaction.atomic():
        assert find_duplicates(CLOSED_AT) == 2
        transaction.set_rollback(True)
    assert (links(), DuplicateCheck.objects.count()) == ([], 0)
    assert find_duplicates(CLOSED_AT) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_compare_each_picture_once_and_find_the_same(
    ana: Contributor, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "CHECK_AT_ONCE", 2)
    images = [draw(0), draw(4), ImageOps.mirror(draw(0)), ImageOps.mirror(draw(4))]
    first, second, *copies = (ingest(ana, encoder, image) for image in images)
    hash_assets(CLOSED_AT)
    compared: list[int] = []

    def work() -> None:
        compared.append(find_duplicates(CLOSED_AT))
        connection.close()

    with transaction.atomic():
        compared.append(find_duplicates(CLOSED_AT))
        other = threading.Thread(target=work)  # while this one has not committed: it takes the others
        other.start()
        other.join(STUCK_AFTER_SECONDS)
    other.join()
    assert compared == [2, 2]
    assert links() == [(copies[0].pk, first.pk), (copies[1].pk, second.pk)]


def test_the_original_stands_for_its_group_or_the_earliest_in_the_training_set(
    ana: Contributor, encoder: Encoder
) -> None:
    crops = [draw(0), *(draw(0).crop((edge, edge, EDGE, EDGE)) for edge in (4, 8, 12))]
    original, *copies = (ingest(ana, encoder, image) for image in crops)
    ingest(ana, encoder, draw(4), 0, 1)
    compare_assets()
    assert copies_in(make_training_set().pk, CLOSED_AT).tolist() == [copy.pk for copy in copies]
    original.consents.create(granted=False, effective_at=original.ingested_at, recorded_at=original.ingested_at)
    without = make_training_set(version="2")
    assert copies_in(without.pk, CLOSED_AT).tolist() == [copy.pk for copy in copies[1:]]
    assert copies_in(without.pk, JOINED_AT - timedelta(seconds=1)).tolist() == []


def test_what_was_found_cannot_be_changed(ana: Contributor, encoder: Encoder) -> None:
    for image in (draw(0), ImageOps.mirror(draw(0))):
        ingest(ana, encoder, image)
    compare_assets()
    for changed in (NearDuplicate, DuplicateCheck, PerceptualHash):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            changed.objects.all().delete()
