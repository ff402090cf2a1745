"""Reads of attribution for pages."""

from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from attribution.models import Encoder, EncoderState, GenerationEmbedding
from attribution.preview import nearest
from marketplace.models import Asset, Contributor, Generation, TrainingSetMember
from marketplace.selectors import not_withheld


def most_resembled(generation: Generation, count: int) -> list[tuple[Asset, float]]:
    """The assets of the training set that a generation most resembles, with similarities: quick and approximate.

    Empty while the generation is not embedded yet.
    """
    encoder = Encoder.objects.filter(state=EncoderState.CURRENT).first()
    if encoder is None:
        return []
    try:
        found = nearest(generation, encoder, count)
    except GenerationEmbedding.DoesNotExist:
        return []
    shown = not_withheld(Asset.objects.select_related("submission"))
    assets = shown.in_bulk([asset_id for asset_id, _ in found])
    return [(assets[asset_id], similarity) for asset_id, similarity in found if asset_id in assets]


def members_not_embedded(encoder: Encoder) -> QuerySet[TrainingSetMember]:
    """Images of training sets that the encoder has not tried yet."""
    return TrainingSetMember.objects.exclude(asset__embeddings__encoder=encoder).exclude(
        asset__embedding_failures__encoder=encoder
    )


def training_sets_not_embedded(encoder: Encoder) -> QuerySet[TrainingSetMember, int]:
    """Ids of training sets of which the encoder has not tried every image yet."""
    return members_not_embedded(encoder).values_list("training_set", flat=True)


def members_not_compared(encoder: Encoder) -> QuerySet[TrainingSetMember]:
    """Images of training sets that the encoder can read and that are not compared with earlier ones yet."""
    return TrainingSetMember.objects.filter(asset__duplicate_check__isnull=True).exclude(
        asset__embedding_failures__encoder=encoder
    )


def training_sets_not_compared(encoder: Encoder) -> QuerySet[TrainingSetMember, int]:
    """Ids of training sets of which an image is not compared with earlier ones yet."""
    return members_not_compared(encoder).values_list("training_set", flat=True)


def found_by_month(contributor: Contributor) -> list[dict[str, Any]]:
    """By UTC month, newest first: in how many downloads a contributor's images have a share, and their sum in ppm.

    Read from the sums by day, so that it takes as long however many downloads there are.
    """
    by_month = contributor.daily_shares.annotate(month_on=TruncMonth("downloaded_on")).values("month_on")
    summed = by_month.annotate(downloads=Sum("download_count"), shares_ppm=Sum("share_ppm"))
    return [dict(row) for row in summed.order_by("-month_on")]
