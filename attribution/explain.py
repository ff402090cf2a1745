"""Why a download's shares are what they are: the inspiration list, what made it, and a recomputation that checks it."""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from numpy.typing import NDArray

from attribution.attribute import CannotAttribute, attribute
from attribution.core.shares import METHOD, VERSION, EnergyParameters
from attribution.groups import copies_in
from attribution.models import InspirationList
from attribution.search import generation_vectors
from marketplace.images import sha256_hex
from marketplace.models import Asset, Contributor, Download, Generation

SAME_SIMILARITY = 1e-6  # similarities are shown, shares are paid: only the latter must agree to the last digit
STYLE_SHEET = "marketplace/site.css"

PictureUrl = Callable[[Asset | Generation], str]


@dataclass(frozen=True)
class Inspiration:
    """One asset on the list."""

    asset: Asset
    similarity: float
    share_ppm: int


@dataclass(frozen=True)
class Explanation:
    """A stored inspiration list, largest share first, and how its recomputation from the stored vectors differs.

    `differences` is None where it was not recomputed.
    """

    stored: InspirationList
    inspirations: tuple[Inspiration, ...]
    differences: tuple[str, ...] | None

    @property
    def agrees(self) -> bool:
        """Whether it was recomputed, and that gave the stored list."""
        return self.differences == ()


def read_list(download: Download) -> Explanation:
    """A download's inspiration list, not recomputed: that takes seconds where the training set is large.

    Raises `InspirationList.DoesNotExist`.
    """
    stored = InspirationList.objects.select_related(
        "download__generation", "batch__encoder", "batch__method", "batch__training_set"
    ).get(download=download)
    listed = zip(stored.asset_ids, stored.similarities, stored.shares_ppm, strict=True)
    return Explanation(stored, inspirations_of(listed), None)


def explain(download: Download) -> Explanation:
    """A download's inspiration list, recomputed. Raises `InspirationList.DoesNotExist`."""
    explanation = read_list(download)
    return replace(explanation, differences=_differences(explanation.stored))


def inspirations_of(listed: Iterable[tuple[int, float, int]]) -> tuple[Inspiration, ...]:
    """Asset ids, similarities and shares in ppm, with the assets themselves."""
    rows = list(listed)
    assets = Asset.objects.select_related("submission", "contributor").in_bulk([asset_id for asset_id, _, _ in rows])
    return tuple(Inspiration(assets[asset_id], similarity, share_ppm) for asset_id, similarity, share_ppm in rows)


def _differences(stored: InspirationList) -> tuple[str, ...]:
    batch, generation_id = stored.batch, stored.download.generation_id
    if (batch.method.name, batch.method.version) != (METHOD, VERSION):
        return (f"It was computed with {batch.method}; only {METHOD} {VERSION} can be recomputed here.",)
    try:
        parameters = EnergyParameters(**batch.method.parameters)
        copies = copies_in(batch.training_set_id, batch.finished_at)
        shares = attribute([generation_id], batch.training_set_id, batch.encoder, parameters, copies)
    except KeyError:
        return ("The stored vector of the generated image is missing.",)
    except CannotAttribute as error:
        return (f"It cannot be computed again: {error}",)
    again = shares[generation_id]
    before = dict(zip(stored.asset_ids, zip(stored.shares_ppm, stored.similarities, strict=True), strict=True))
    after = dict(zip(again.asset_ids, zip(again.share_ppm, again.similarities, strict=True), strict=True))
    found = [
        f"Image {asset_id}: stored {_in_words(before.get(asset_id))}, recomputed {_in_words(after.get(asset_id))}."
        for asset_id in sorted(before.keys() | after.keys())
        if not _same(before.get(asset_id), after.get(asset_id))
    ]
    if stored.unattributed_ppm != again.unattributed_ppm:
        found.append(f"Unattributed: stored {stored.unattributed_ppm} ppm, recomputed {again.unattributed_ppm} ppm.")
    return tuple(found)


def _same(before: tuple[int, float] | None, after: tuple[int, float] | None) -> bool:
    if before is None or after is None:
        return False
    return before[0] == after[0] and abs(before[1] - after[1]) < SAME_SIMILARITY


def _in_words(line: tuple[int, float] | None) -> str:
    return "not on the list" if line is None else f"{line[0]} ppm at similarity {line[1]:.6f}"


def explanation_context(
    explanation: Explanation,
    picture_url: PictureUrl,
    *,
    reader: Contributor | None = None,
    amounts_micro: Mapping[int, int] | None = None,
    names_shown: bool = False,
) -> dict[str, Any]:
    """What the template of an explanation shows, the reading contributor's own images first.

    `amounts_micro` is what the reading contributor earned with each of their assets, by asset id.
    """
    rows = [
        {
            "rank": rank,
            "asset": one.asset,
            "url": picture_url(one.asset),
            "similarity": one.similarity,
            "share_ppm": one.share_ppm,
            "is_yours": reader is not None and one.asset.contributor_id == reader.pk,
            "amount_micro": (amounts_micro or {}).get(one.asset.pk),
        }
        for rank, one in enumerate(explanation.inspirations, start=1)
    ]
    generation, encoder = explanation.stored.download.generation, explanation.stored.batch.encoder
    return {
        "explanation": explanation,
        "generation_url": picture_url(generation),
        "rows": sorted(rows, key=lambda row: not row["is_yours"]),
        "copy_check": generation.copy_checks.order_by("pk").last(),
        "reader": reader,
        "names_shown": names_shown,
        "is_unreadable": generation.embedding_failures.filter(encoder=encoder).exists(),
        "attributed_ppm": sum(one.share_ppm for one in explanation.inspirations),
        "is_compact": encoder.name == "compact",
        "vector_sha256": sha256_by_id(*generation_vectors([generation.pk], encoder)).get(generation.pk),
    }


def sha256_by_id(ids: NDArray[np.int64], vectors: NDArray[np.float16]) -> dict[int, str]:
    """Hex SHA-256 of each stored vector: its 512 numbers in half precision, the lower byte first."""
    return {pk: sha256_hex(vector.astype("<f2").tobytes()) for pk, vector in zip(ids.tolist(), vectors, strict=True)}


def page_url(picture: Asset | Generation) -> str:
    """Where the site serves the thumbnail of an asset or the preview of a generation."""
    return reverse("asset_thumbnail" if isinstance(picture, Asset) else "generation_preview", args=[picture.pk])


def explanation_html(explanation: Explanation) -> str:
    """A recomputed explanation as one HTML file that needs no other: pictures and style are inside it."""
    context = explanation_context(explanation, _data_url, names_shown=True)
    style_sheet = finders.find(STYLE_SHEET)
    assert isinstance(style_sheet, str)  # it is part of the source
    return render_to_string("attribution/explanation_file.html", {**context, "style": Path(style_sheet).read_text()})


def _data_url(picture: Asset | Generation) -> str:
    with (picture.thumbnail if isinstance(picture, Asset) else picture.preview).open("rb") as file:
        return f"data:image/jpeg;base64,{base64.b64encode(file.read()).decode()}"
