"""Inspiration lists as commands print them: a table for people, or rows for programs."""

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from attribution.explain import Explanation, Inspiration, sha256_by_id
from attribution.search import generation_vectors, vectors_of


def as_table(title: str, inspirations: Sequence[Inspiration], unattributed_ppm: int) -> Table:
    """One row for each image, and one for what no image explains."""
    table = Table("rank", "asset", "title", "contributor", title=escape(title))
    table.add_column("similarity", justify="right")
    table.add_column("share", justify="right")
    for row in as_rows(inspirations):
        figures = f"{row['similarity']:.4f}", _percent(row["share_ppm"])
        names = escape(row["title"]), escape(row["contributor"])
        table.add_row(str(row["rank"]), str(row["asset_id"]), *names, *figures)
    table.add_section()
    table.add_row("", "", "unattributed", "", "", _percent(unattributed_ppm))
    return table


def as_rows(inspirations: Sequence[Inspiration]) -> list[dict[str, Any]]:
    """The images in order of rank, ready for JSON."""
    return [
        {
            "rank": rank,
            "asset_id": one.asset.pk,
            "title": one.asset.submission.title,
            "contributor": one.asset.contributor.name,
            "similarity": one.similarity,
            "share_ppm": one.share_ppm,
        }
        for rank, one in enumerate(inspirations, 1)
    ]


def as_document(explanation: Explanation) -> dict[str, Any]:
    """All that a list can be checked with, ready for JSON: of every picture and vector its SHA-256."""
    stored, batch, generation = explanation.stored, explanation.stored.batch, explanation.stored.download.generation
    vectors = sha256_by_id(*vectors_of(stored.asset_ids, batch.encoder))
    files = {
        one.asset.pk: {"file_sha256": one.asset.sha256, "vector_sha256": vectors.get(one.asset.pk)}
        for one in explanation.inspirations
    }
    return {
        "download": stored.download_id,
        "downloaded_at": stored.download.downloaded_at.isoformat(),
        "generation": {
            "id": generation.pk,
            "file_sha256": generation.sha256,
            "vector_sha256": sha256_by_id(*generation_vectors([generation.pk], batch.encoder)).get(generation.pk),
        },
        "training_set": {"name": str(batch.training_set), "images": batch.training_set.members.count()},
        "encoder": {"name": batch.encoder.name, "fingerprint": batch.encoder.fingerprint},
        "method": {
            "name": batch.method.name,
            "version": batch.method.version,
            "parameters": batch.method.parameters,
        },
        "batch": {"id": batch.pk, "finished_at": batch.finished_at.isoformat()},
        "inspirations": [row | files[row["asset_id"]] for row in as_rows(explanation.inspirations)],
        "unattributed_ppm": stored.unattributed_ppm,
        "agrees": explanation.agrees,
        "differences": list(explanation.differences or ()),
    }


def _percent(share_ppm: int) -> str:
    return f"{share_ppm / 10_000:.4f} %"
