"""Pictures that no model here was trained on: what a copy check says of them is a false flag."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attribution.compact.pictures import HELD_OUT_WORKS_FROM
from attribution.core.copies import Tier, gravest
from attribution.embed import loaded_encoder
from attribution.models import Encoder
from attribution.proof import Picture, prove, read_picture, read_stored, shortlist
from attribution.search import vectors_of
from marketplace.models import Asset, TrainingSet
from marketplace.sample_catalogue import STYLES, draw_work

FEWEST, MOST = 30, 200
DRAWN_OF_EACH_STYLE = 2


@dataclass(frozen=True)
class Unrelated:
    """Which pictures they are, their unit vectors (n, 512), and the tier that each gets beside the training set."""

    description: str
    vectors: NDArray[np.float32]
    tiers: list[str]


def unrelated_pictures(training_set: TrainingSet, encoder: Encoder, drawn_works: int | None) -> Unrelated:
    """Assets outside the training set or, where there are too few of them, works drawn for this that nobody has."""
    outside = Asset.objects.filter(embeddings__encoder=encoder).exclude(memberships__training_set=training_set)
    assets = list(outside.order_by("pk")[:MOST])
    if len(assets) >= FEWEST:
        _, vectors = vectors_of([asset.pk for asset in assets], encoder)  # in the order of their ids, too
        seen = [read_stored(str(asset.preview)) for asset in assets]
        description = f"{len(assets)} images of contributors that are not in the training set"
    else:
        count = DRAWN_OF_EACH_STYLE * len(STYLES) if drawn_works is None else drawn_works
        works = [
            draw_work(STYLES[number % len(STYLES)], HELD_OUT_WORKS_FROM + number // len(STYLES)).image
            for number in range(count)
        ]
        vectors = _embedded(works, encoder)
        seen = [read_picture(work) for work in works]
        styles = min(len(works), len(STYLES))
        description = f"{len(works)} works of {styles} styles of the sample catalogue, drawn for this audit only"
    return Unrelated(description, vectors.astype(np.float32), _tiers(vectors, seen, training_set, encoder))


def _embedded(works: Sequence[Image.Image], encoder: Encoder) -> NDArray[np.float16]:
    """(n, 512), in the precision of stored vectors."""
    return loaded_encoder(encoder.fingerprint).encode(works).vectors.astype(np.float16)


def _tiers(
    vectors: NDArray[np.float16], seen: Sequence[Picture], training_set: TrainingSet, encoder: Encoder
) -> list[str]:
    shortlists = shortlist(vectors, training_set.pk, encoder)
    return [
        gravest([Tier(match.tier) for match in prove(one, nearest)])
        for one, nearest in zip(seen, shortlists, strict=True)
    ]
