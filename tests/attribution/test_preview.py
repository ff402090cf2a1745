"""What a generation resembles before it is bought: quickly, and never fewer or others in silence."""

import numpy as np
import pytest
from django.db import connection
from numpy.typing import NDArray

from attribution import preview
from attribution.models import Encoder, GenerationEmbedding
from attribution.preview import create_index, nearest, nearest_to
from attribution.search import vectors_of
from marketplace.models import Asset, Contributor, TrainingSet, TrainingSetMember
from tests.builders import (
    FROZEN_AT,
    embed_asset,
    embed_generation,
    make_asset,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)

VECTORS = np.stack([unit_vector(*row) for row in np.random.default_rng(3).normal(size=(7, 512))])


@pytest.fixture
def encoder(db: None) -> Encoder:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as after a commit: an index cannot be made before
        cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows would be read without the index
        cursor.execute("SET LOCAL enable_sort = off")
    encoder = make_encoder()
    create_index(encoder)
    return encoder


@pytest.fixture
def assets(ana: Contributor, encoder: Encoder) -> list[Asset]:
    made = [make_asset(ana) for _ in VECTORS]
    for asset, vector in zip(made, VECTORS, strict=True):
        embed_asset(asset, encoder, vector)
    return made


@pytest.fixture
def training_set(assets: list[Asset]) -> TrainingSet:
    return make_training_set()


@pytest.fixture(params=["compared", "by the index"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by the index":
        monkeypatch.setattr(preview, "EXACT_UP_TO", 0)
        monkeypatch.setattr(preview, "FEWEST_FETCHED", 2)
        monkeypatch.setattr(preview, "OVERFETCH", 1)
        monkeypatch.setattr(preview, "_by_comparing", None)


@pytest.mark.usefixtures("_both_ways")
def test_the_preview_names_the_nearest_members_first(
    training_set: TrainingSet, encoder: Encoder, assets: list[Asset], ben: Contributor
) -> None:
    embed_asset(make_asset(ben), encoder, VECTORS[5])  # just as near, and not in the training set
    generation = make_generation(make_generator_model(training_set))
    query = VECTORS[5] + 0.5 * VECTORS[1]
    embed_generation(generation, encoder, unit_vector(*query))
    found = nearest(generation, encoder, 2)
    assert [pk for pk, _ in found] == [assets[5].pk, assets[1].pk]
    expected = [float(VECTORS[place] @ query / np.linalg.norm(query)) for place in (5, 1)]
    assert [similarity for _, similarity in found] == pytest.approx(expected, abs=1e-3)


@pytest.mark.usefixtures("_both_ways")
def test_vectors_of_another_encoder_are_never_compared(training_set: TrainingSet, assets: list[Asset]) -> None:
    other = make_encoder("another", is_current=False)
    create_index(other)
    for asset, vector in zip(assets, VECTORS[::-1], strict=True):
        embed_asset(asset, other, vector)
    ((nearest_id, similarity), _) = nearest_to(VECTORS[0].astype(np.float16), training_set.pk, other, 2)
    assert nearest_id == assets[6].pk
    assert similarity == pytest.approx(1, abs=1e-3)


def test_a_generation_that_is_not_embedded_yet_has_no_preview(training_set: TrainingSet, encoder: Encoder) -> None:
    with pytest.raises(GenerationEmbedding.DoesNotExist):
        nearest(make_generation(make_generator_model(training_set)), encoder, 2)


@pytest.fixture
def catalogue(ana: Contributor, encoder: Encoder) -> list[int]:
    """Ids of 600 embedded assets; nothing but ids and vectors matters here, so they share one picture."""
    template = make_asset(ana)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH s AS (
                INSERT INTO marketplace_submission (contributor_id, original, sha256, file_name, title, keywords,
                                                    licence, submitted_at, training_consent, preview, thumbnail,
                                                    verdict)
                SELECT contributor_id, original, 'made-up-' || number, file_name, title, keywords, licence,
                       submitted_at, training_consent, preview, thumbnail, verdict
                FROM marketplace_submission, generate_series(1, 600) AS number WHERE id = %s
                RETURNING id, sha256
            )
            INSERT INTO marketplace_asset (submission_id, contributor_id, sha256, preview, thumbnail, width, height,
                                           ingested_at)
            SELECT s.id, a.contributor_id, s.sha256, a.preview, a.thumbnail, a.width, a.height, a.ingested_at
            FROM s, marketplace_asset AS a WHERE a.id = %s RETURNING id
            """,
            [template.submission_id, template.pk],
        )
        ids = sorted(pk for (pk,) in cursor.fetchall())
    rng = np.random.default_rng(11)
    for pk, row in zip(ids, rng.normal(size=(len(ids), 512)), strict=True):
        embed_asset(Asset(pk=pk), encoder, unit_vector(*row))
    return ids


def small_set(members: list[int]) -> TrainingSet:
    frozen = TrainingSet.objects.create(name="small", version="1", created_at=FROZEN_AT)
    TrainingSetMember.objects.bulk_create(TrainingSetMember(training_set=frozen, asset_id=pk) for pk in members)
    return frozen


def exactly(query: NDArray[np.float16], members: list[int], encoder: Encoder, count: int) -> list[int]:
    ids, vectors = vectors_of(members, encoder)
    order = np.argsort(-(vectors.astype(np.float64) @ query.astype(np.float64)))
    return [int(pk) for pk in ids[order][:count]]


def test_as_many_are_found_as_were_asked_for_though_the_index_keeps_fewer_in_view(
    catalogue: list[int], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A LIMIT above hnsw.ef_search returns too few rows in silence."""
    monkeypatch.setattr(preview, "EXACT_UP_TO", 0)
    monkeypatch.setattr(preview, "EF_SEARCH", 10)
    monkeypatch.setattr(preview, "_by_comparing", None)
    query = unit_vector(*np.random.default_rng(5).normal(size=512)).astype(np.float16)
    found = nearest_to(query, small_set(catalogue).pk, encoder, 100)
    assert len({pk for pk, _ in found}) == 100


def test_a_small_part_of_the_catalogue_is_found_though_the_index_is_full_of_others(
    catalogue: list[int], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that few rows pass spoils an index that is asked only once."""
    monkeypatch.setattr(preview, "EXACT_UP_TO", 0)
    monkeypatch.setattr(preview, "EF_SEARCH", 10)
    members = catalogue[::50]
    query = unit_vector(*np.random.default_rng(5).normal(size=512)).astype(np.float16)
    found = nearest_to(query, small_set(members).pk, encoder, 6)
    assert [pk for pk, _ in found] == exactly(query, members, encoder, 6)


def test_where_the_index_gives_up_early_all_members_are_compared(
    catalogue: list[int], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "EXACT_UP_TO", 0)
    monkeypatch.setattr(preview, "EF_SEARCH", 10)
    members = catalogue[::10]
    query = unit_vector(*np.random.default_rng(5).normal(size=512)).astype(np.float16)
    frozen = small_set(members)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.max_scan_tuples = 50")
    assert len(preview._by_index(query, frozen.pk, encoder, 60)) < 60
    assert [pk for pk, _ in nearest_to(query, frozen.pk, encoder, 6)] == exactly(query, members, encoder, 6)
