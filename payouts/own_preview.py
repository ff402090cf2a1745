"""What a contributor would have had of the last closed month by another policy, or without one of their images.

It is computed from the month's stored weights; nothing is written.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from marketplace.core.money import minor_to_micro
from marketplace.models import Asset, Contributor, Download, TrainingSet
from payouts.models import Period
from payouts.policy_preview import Outcome, PreviewRefused, rows_of, shared_by, weighed_month
from payouts.selectors import line_weights
from payouts.splitting import CLAIM, NobodyToShare, compute

# What an image had goes to the common fund of each download's training set, of which it is no member any more.
LEFT_OUT = (
    "UPDATE split_attributed SET weight = weight - %(weight)s WHERE contributor_id = %(contributor)s",
    """
    WITH moved AS (
        SELECT g.training_set_id, sum(lost.weight::numeric) AS weight
        FROM unnest(%(downloads)s::bigint[], %(weights)s::text[]) AS lost(download_id, weight)
        JOIN marketplace_download AS d ON d.id = lost.download_id
        JOIN marketplace_generation AS g ON g.id = d.generation_id GROUP BY 1
    ), added AS (
        UPDATE split_unattributed AS u SET weight = u.weight + moved.weight FROM moved
        WHERE u.training_set_id = moved.training_set_id RETURNING u.training_set_id
    )
    INSERT INTO split_unattributed (training_set_id, weight)
    SELECT training_set_id, weight FROM moved WHERE training_set_id NOT IN (SELECT training_set_id FROM added)
    """,
    """
    UPDATE split_member SET assets = assets - 1 WHERE contributor_id = %(contributor)s
        AND training_set_id = ANY(%(training_sets)s)
        AND (training_set_id, %(asset)s) NOT IN (SELECT training_set_id, asset_id FROM split_copy)
    """,
    "DELETE FROM split_member WHERE assets = 0",
    "DELETE FROM split_attributed WHERE weight = 0",
)


@dataclass(frozen=True)
class Withdrawal:
    """Training consent of an image, withdrawn at a time in the past."""

    asset: Asset
    effective_at: datetime


@dataclass(frozen=True)
class OwnPreview:
    """What one contributor earned in the last closed month, and would have, with the thresholds of both policies."""

    month_on: date
    currency: str
    before: Outcome
    after: Outcome
    before_micro: int
    after_micro: int

    @property
    def reached_before(self) -> bool:
        """Whether the month alone reached the threshold."""
        return self.before_micro >= minor_to_micro(self.before.threshold_minor, self.currency)

    @property
    def reached_after(self) -> bool:
        """Whether it would have."""
        return self.after_micro >= minor_to_micro(self.after.threshold_minor, self.currency)


@transaction.atomic
def preview_policy_for(
    contributor: Contributor, contributor_rate_ppm: int, threshold_minor: int, withdrawal: Withdrawal | None = None
) -> OwnPreview:
    """The last closed month by another rate and threshold and, if asked, without consent to one of their images.

    Training sets that were frozen before the withdrawal keep the image. From all others it is taken out, and its shares
    are unattributed: which images would have taken its place nobody knows. Raises `PreviewRefused`.
    """
    period, revenue, before = weighed_month(contributor_rate_ppm, threshold_minor)
    before_micro = _own_micro("policy_before", contributor)
    if withdrawal is not None:
        _leave_out(period, contributor, withdrawal)
    try:
        after = shared_by("policy_after", revenue, contributor_rate_ppm, threshold_minor)
    except NobodyToShare as error:
        raise PreviewRefused(f"Without this image the month could not be shared: {error}") from error
    return OwnPreview(
        period.month_on, period.currency, before, after, before_micro, _own_micro("policy_after", contributor)
    )


def _own_micro(table: str, contributor: Contributor) -> int:
    query = f"SELECT micro::bigint FROM {table} WHERE contributor_id = %(contributor)s"  # noqa: S608 -- of ours
    rows = rows_of(query, contributor=contributor.pk)
    return rows[0][0] if rows else 0


def _leave_out(period: Period, contributor: Contributor, withdrawal: Withdrawal) -> None:
    """Move the weights of the image to the common funds, and take it out of the members that share those."""
    asset = withdrawal.asset
    sets = TrainingSet.objects.filter(members__asset=asset, frozen_at__gte=withdrawal.effective_at)
    weights = {
        download_id: weight
        for (download_id, asset_id), weight in line_weights(period, contributor.pk).items()
        if asset_id == asset.pk
    }
    downloads = Download.objects.filter(pk__in=weights, generation__training_set__in=sets).values_list("pk", flat=True)
    known: dict[str, Any] = {
        "contributor": contributor.pk,
        "asset": asset.pk,
        "training_sets": list(sets.values_list("pk", flat=True)),
        "downloads": list(downloads),
        "weights": [str(weights[pk]) for pk in downloads],
        "weight": sum(weights[pk] for pk in downloads),
    }
    with connection.cursor() as cursor:
        for statement in LEFT_OUT:
            cursor.execute(statement, known)
    compute("split_claim", CLAIM)
