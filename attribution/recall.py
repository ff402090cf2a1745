"""How many of the nearest images the preview finds, measured against the search that misses none."""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from attribution.core.similarity import top_k
from attribution.models import Encoder, EncoderState, PreviewRecall
from attribution.preview import nearest_to
from attribution.search import generation_vectors, stream_vectors
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Generation

logger = logging.getLogger(__name__)

SAMPLED = 50
NEAREST = 10
BOUND_PPM = 990_000


@dataclass(frozen=True)
class Recall:
    """The part of the 10 nearest members of their training sets that the preview finds for some generations."""

    generation_count: int
    ppm: int

    @property
    def is_enough(self) -> bool:
        """Whether it is at least 0.99."""
        return self.ppm >= BOUND_PPM

    def __str__(self) -> str:
        return f"{self.ppm / WHOLE_PPM:.4f}"


def measure_recall(encoder: Encoder) -> Recall | None:
    """Over the 50 newest generations that this encoder has embedded; None where there is nothing to find."""
    newest = Generation.objects.filter(embeddings__encoder=encoder).order_by("-pk")[:SAMPLED]
    by_training_set: dict[int, list[int]] = defaultdict(list)
    for generation_id, training_set_id in newest.values_list("pk", "training_set"):
        by_training_set[training_set_id].append(generation_id)
    found, expected = 0, 0
    for training_set_id, generation_ids in by_training_set.items():
        _, queries = generation_vectors(generation_ids, encoder)
        exact, _ = top_k(queries, stream_vectors(training_set_id, encoder), NEAREST)
        for query, row in zip(queries, exact, strict=True):
            nearest_ids = set(row[row >= 0].tolist())
            previewed = {asset_id for asset_id, _ in nearest_to(query, training_set_id, encoder, NEAREST)}
            found += len(nearest_ids & previewed)
            expected += len(nearest_ids)
    generation_count = sum(map(len, by_training_set.values()))
    return Recall(generation_count, found * WHOLE_PPM // expected) if expected else None


def measure_preview_recall(at: datetime) -> PreviewRecall | None:
    """Record the current encoder's recall of that day, and warn of one that is too low.

    Returns None where it is recorded already, or there is nothing to measure.
    """
    encoder = Encoder.objects.filter(state=EncoderState.CURRENT).first()
    if encoder is None or PreviewRecall.objects.filter(encoder=encoder, measured_on=at.date()).exists():
        return None
    recall = measure_recall(encoder)
    if recall is None:
        return None
    if not recall.is_enough:
        logger.warning("The preview of %s finds %s of the nearest images.", encoder, recall)
    return PreviewRecall.objects.create(
        encoder=encoder,
        measured_on=at.date(),
        generation_count=recall.generation_count,
        recall_ppm=recall.ppm,
    )
