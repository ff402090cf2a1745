"""A month's weights read row by row in plain Python: what the queries and the split are held against."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from attribution.groups import copies_in
from attribution.models import InspirationList
from marketplace.models import TrainingSet
from payouts.models import Period, RevenueEvent


def shared_gross_minor(period: Period) -> Counter[int]:
    """What each download brought to the period's pool, before fees."""
    gross_minor: Counter[int] = Counter()
    events = RevenueEvent.objects.filter(period=period, origin_period=None, download__isnull=False)
    for download_id, minor in events.values_list("download__pk", "gross_minor"):
        gross_minor[download_id] += minor
    return gross_minor


def attributed_weights(period: Period) -> dict[int, int]:
    """By contributor."""
    weights: Counter[int] = Counter()
    for download_id, gross_minor in shared_gross_minor(period).items():
        one = InspirationList.objects.get(download_id=download_id)
        for contributor_id, share_ppm in zip(one.contributor_ids, one.shares_ppm, strict=True):
            weights[contributor_id] += gross_minor * share_ppm
    return dict(+weights)


def unattributed_weights(period: Period) -> dict[int, int]:
    """By training set."""
    weights: Counter[int] = Counter()
    for download_id, gross_minor in shared_gross_minor(period).items():
        one = InspirationList.objects.select_related("download__generation").get(download_id=download_id)
        weights[one.download.generation.training_set_id] += gross_minor * one.unattributed_ppm
    return dict(+weights)


def members(training_set_ids: Iterable[int], at: datetime) -> dict[int, dict[int, int]]:
    """By training set and contributor: how many assets they have in it, without copies known at that time."""
    counted: dict[int, dict[int, int]] = {}
    for training_set in TrainingSet.objects.filter(pk__in=training_set_ids):
        copies = set(copies_in(training_set.pk, at).tolist())
        assets = [member.asset for member in training_set.members.select_related("asset")]
        counted[training_set.pk] = dict(Counter(a.contributor_id for a in assets if a.pk not in copies))
    return counted
