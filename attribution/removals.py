"""Deciding a removal case, and telling customers whose licensed generations resemble a removed image."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from attribution.core.copies import Tier
from attribution.models import CopyMatch, InspirationList
from marketplace.core.removals import Opener, RemovalKind, RemovalOutcome, tells_customers
from marketplace.models import Asset, CustomerNotice, Download, RemovalCase, RemovalDecision, User
from marketplace.removals import decide_case

AFFECTED_PPM = 100_000
"""From a tenth of a generation on, its licence is affected by what becomes of an image."""
WHY = {
    RemovalKind.PRIVACY: gettext_noop("because it shows somebody who did not agree to that"),
    RemovalKind.TAKEDOWN: gettext_noop("because it was reported and a reviewer agreed"),
    RemovalKind.RIGHTS: gettext_noop("because it is the work of somebody else"),
}


@transaction.atomic
def decide_and_tell(
    case: RemovalCase, outcome: RemovalOutcome, reason: str, decided_by: User, at: datetime
) -> RemovalDecision:
    """Record the decision and, where the image is removed and the policy says so, a notice for each customer affected.

    Raises `RemovalRefused`.
    """
    decision = decide_case(case, outcome, reason, decided_by, at)
    case.refresh_from_db()
    if outcome is RemovalOutcome.REMOVED and tells_customers(RemovalKind(case.kind), Opener(case.opener)):
        assert case.asset
        CustomerNotice.objects.bulk_create(_notices(case, affected_downloads(case.asset), at))
    return decision


def affected_downloads(asset: Asset) -> list[Download]:
    """Licences of generations that have a tenth or more of the image, or hold a near copy of it, by id."""
    lists = InspirationList.objects.filter(asset_ids__contains=[asset.pk])
    ids = {
        download_id
        for download_id, asset_ids, shares_ppm in lists.values_list("download", "asset_ids", "shares_ppm").iterator()
        if shares_ppm[asset_ids.index(asset.pk)] >= AFFECTED_PPM
    }
    copies = CopyMatch.objects.filter(asset=asset, tier=Tier.NEAR_COPY).values("copy_check__generation")
    ids |= set(Download.objects.filter(generation__in=copies).values_list("pk", flat=True))
    return list(Download.objects.filter(pk__in=ids).select_related("customer").order_by("pk"))


def _notices(case: RemovalCase, downloads: list[Download], at: datetime) -> list[CustomerNotice]:
    by_customer: dict[int, list[int]] = defaultdict(list)
    for download in downloads:
        by_customer[download.customer_id].append(download.pk)
    return [
        CustomerNotice(case=case, customer_id=pk, download_ids=ids, text=_text(case, ids), written_at=at)
        for pk, ids in by_customer.items()
    ]


def _text(case: RemovalCase, download_ids: list[int]) -> str:
    licences = ", ".join(str(pk) for pk in download_ids)
    return (
        f"An image of our catalogue was removed {WHY[RemovalKind(case.kind)]}. These licences of yours are of "
        f"generations that resemble it or hold a part of it: {licences}. Your licence stays as it is. Please look at "
        "the pictures again before you use them anew, and write to us if you would rather have others."
    )
