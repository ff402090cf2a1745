"""How many of the nearest images the preview finds, measured against the search that misses none."""

from collections import defaultdict

from attribution.core.similarity import top_k
from attribution.models import Encoder
from attribution.preview import nearest_to
from attribution.search import generation_vectors, stream_vectors
from marketplace.models import Generation

SAMPLED = 50
NEAREST = 10
WHOLE_PPM = 1_000_000
RECALL_BOUND_PPM = 990_000


def recall_ppm(encoder: Encoder) -> int | None:
    """The part of the 10 nearest members that the preview finds, over the 50 newest generations that are embedded.

    None where no generation is, or none has a training set with vectors.
    """
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
    return found * WHOLE_PPM // expected if expected else None
