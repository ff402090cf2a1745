"""A made-up catalogue, its vectors and downloads in a database of its own, filled set-based: only sizes are real."""

import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray

from attribution.tiles import WINDOWS, Tiles, quantised

WIDTH = 512
CONTRIBUTORS = 2_000
SUBJECTS = 1_000  # images of one subject resemble one another, as in a real catalogue
LIKENESS = 0.6  # length of what the images of a subject share

Float32 = NDArray[np.float32]


@contextmanager
def database() -> Iterator[None]:
    """A migrated database in a folder that is gone afterwards, configured in Django."""
    import django
    from django.core.management import call_command
    from django.db import connections

    from marketplace.embedded import parts

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "TRIBUTARY_DATA": folder,
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            "ENCODER_RECIPE": "compact",
        }
        with parts():
            django.setup()
            call_command("migrate", verbosity=0)
            yield
            connections.close_all()


def image_vectors(images: int, random: np.random.Generator) -> Float32:
    """Unit vectors (images, 512) in clusters by subject, rounded to half precision as the database stores them."""
    subjects = _unit(random.standard_normal((SUBJECTS, WIDTH), np.float32))
    own = _unit(random.standard_normal((images, WIDTH), np.float32))
    vectors = LIKENESS * subjects[random.integers(0, SUBJECTS, images)] + (1 - LIKENESS**2) ** 0.5 * own
    return _halved(vectors)


def generation_vectors(images: Float32, generations: int, random: np.random.Generator) -> Float32:
    """Unit vectors (generations, 512): half of them near one image, half blends of three."""
    sources = images[random.integers(0, len(images), (generations, 3))]
    weights = random.dirichlet((1, 1, 1), generations).astype(np.float32)
    weights[::2] = (1, 0, 0)
    noise = _unit(random.standard_normal((generations, WIDTH), np.float32))
    return _halved(np.einsum("gs,gsd->gd", weights, sources) + 0.4 * noise)


def tiles_of(vector: Float32) -> Tiles:
    """Tiles (25, 512) that have little to do with one another, and resemble another picture's where the vectors do."""
    return np.asarray(quantised(vector)[(np.arange(WIDTH) + np.arange(len(WINDOWS))[:, None]) % WIDTH])


def _unit(vectors: Float32) -> Float32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _halved(vectors: Float32) -> Float32:
    return _unit(vectors).astype(np.float16).astype(np.float32)


FILL = """
INSERT INTO marketplace_contributor (id, name, country, joined_at)
    SELECT n, 'Contributor ' || n, 'DE', '2026-09-01' FROM generate_series(1, %(contributors)s) AS n;
INSERT INTO marketplace_customer (id, name, joined_at) VALUES (1, 'Customer', '2026-09-01');
INSERT INTO marketplace_asset
        (id, submission_id, contributor_id, sha256, preview, thumbnail, width, height, ingested_at)
    SELECT n, n, 1 + n %% %(contributors)s, lpad(n::text, 64, '0'), '', '', 96, 64, '2026-09-01'
    FROM generate_series(1, %(images)s) AS n;
INSERT INTO attribution_duplicatecheck (asset_id, compared_count, checked_at)
    SELECT n, 0, '2026-09-01' FROM generate_series(1, %(images)s) AS n;
INSERT INTO marketplace_trainingset (id, name, version, created_at, frozen_at)
    VALUES (1, 'Catalogue', '1', '2026-09-01', '2026-09-20');
INSERT INTO marketplace_trainingsetmember (training_set_id, asset_id)
    SELECT 1, n FROM generate_series(1, %(images)s) AS n;
INSERT INTO marketplace_generation (id, generator_model_id, training_set_id, prompt, seed, parameters, file, preview,
        sha256, width, height, generated_at)
    SELECT n, 1, 1, '', n, '{}', '', '', lpad(n::text, 64, '0'), 96, 64, '2026-09-20'
    FROM generate_series(1, %(downloads)s) AS n;
INSERT INTO marketplace_download
        (id, customer_id, generation_id, gross_minor, currency, downloaded_at, idempotency_key)
    SELECT n, 1, n, 1000, 'USD', timestamptz '2026-10-01 00:00+00' + n * interval '31 days' / (%(downloads)s + 1),
           'bench:' || n FROM generate_series(1, %(downloads)s) AS n;
"""


def fill(images: Float32, generations: Float32) -> None:
    """Store a catalogue with these vectors, and a download in October 2026 of each generation."""
    from django.db import connection

    from attribution.embed import current_encoder
    from marketplace.core.periods import Month

    sizes = {"contributors": CONTRIBUTORS, "images": len(images), "downloads": len(generations)}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # what only has to be there needs no checks
        for statement in FILL.split(";\n")[:-1]:
            cursor.execute(statement, sizes)
        cursor.execute("SET session_replication_role = DEFAULT")
    encoder = current_encoder(Month(2026, 9).start_at)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX embedding_hnsw_{encoder.pk:d}")
        _copy(cursor, "attribution_embedding", "asset_id", encoder.pk, images)
        _copy(cursor, "attribution_generationembedding", "generation_id", encoder.pk, generations)
        cursor.execute("VACUUM ANALYZE")


def _copy(cursor: CursorWrapper, table: str, key: str, encoder_id: int, vectors: Float32) -> None:
    """COPY vectors in under the ids 1, 2, …"""
    with cursor.copy(f"COPY {table} ({key}, encoder_id, vector, tiles) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "int8", "bytea", "bytea"])
        for number, vector in enumerate(vectors, start=1):
            halves = struct.pack(">hh", WIDTH, 0) + vector.astype(">f2").tobytes()
            copy.write_row((number, encoder_id, halves, tiles_of(vector).tobytes()))
