"""Attribution batches: inspiration lists of downloads that have none yet."""

from collections import defaultdict
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from attribution.attribute import attribute
from attribution.core.shares import METHOD, VERSION, EnergyParameters, Shares
from attribution.embed import current_encoder
from attribution.groups import copies_in
from attribution.models import AttributionBatch, Encoder, InspirationList, Method
from attribution.selectors import training_sets_not_compared, training_sets_not_embedded
from marketplace.models import Asset, Download

PARAMETERS = EnergyParameters()
DOWNLOADS_AT_ONCE = 2_000


@transaction.atomic
def attribute_downloads(at: datetime) -> int:
    """Write the inspiration lists of up to 2,000 downloads; returns how many.

    Downloads wait until their generation and the whole training set of its model are embedded, and all of the set is
    searched for near-duplicates, but for pictures that cannot be read: what is not embedded yet would earn nothing, and
    a copy that is not found yet would earn. They are claimed by row locks that a killed worker
    loses, so each is attributed exactly once.
    """
    encoder = current_encoder(at)
    tried = Q(generation__embeddings__encoder=encoder) | Q(generation__embedding_failures__encoder=encoder)
    claimed = (
        Download.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(tried, inspiration_list__isnull=True)
        .exclude(generation__training_set__in=training_sets_not_embedded(encoder))
        .exclude(generation__training_set__in=training_sets_not_compared(encoder))
        .order_by("pk")[:DOWNLOADS_AT_ONCE]
    )
    by_training_set: dict[int, list[Download]] = defaultdict(list)
    for download in claimed.select_related("generation"):
        by_training_set[download.generation.training_set_id].append(download)
    for training_set_id, downloads in sorted(by_training_set.items()):
        _attribute_batch(training_set_id, downloads, encoder, at)
    return sum(map(len, by_training_set.values()))


def _attribute_batch(training_set_id: int, downloads: list[Download], encoder: Encoder, at: datetime) -> None:
    batch = AttributionBatch.objects.create(
        encoder=encoder,
        method=energy_method(),
        training_set_id=training_set_id,
        download_count=len(downloads),
        finished_at=at,
    )
    generation_ids = sorted({download.generation_id for download in downloads})
    shares = attribute(generation_ids, training_set_id, encoder, PARAMETERS, copies_in(training_set_id, at))
    attributed_ids = {int(asset_id) for one in shares.values() for asset_id in one.asset_ids}
    contributors = dict(Asset.objects.filter(pk__in=attributed_ids).values_list("pk", "contributor_id"))
    InspirationList.objects.bulk_create(
        [_inspiration_list(download, batch, shares[download.generation_id], contributors) for download in downloads]
    )


def energy_method() -> Method:
    """The method and parameters that lists are computed with today."""
    method, _ = Method.objects.get_or_create(name=METHOD, version=VERSION, parameters=asdict(PARAMETERS))
    return method


def _inspiration_list(
    download: Download, batch: AttributionBatch, shares: Shares, contributors: dict[int, int]
) -> InspirationList:
    asset_ids = [int(asset_id) for asset_id in shares.asset_ids]
    return InspirationList(
        download=download,
        batch=batch,
        asset_ids=asset_ids,
        contributor_ids=[contributors[asset_id] for asset_id in asset_ids],
        similarities=[float(similarity) for similarity in shares.similarities],
        shares_ppm=[int(share) for share in shares.share_ppm],
        unattributed_ppm=shares.unattributed_ppm,
    )
