"""Handing out a download's file, which says in what shares the generation resembles which inspirations."""

from datetime import datetime

from attribution.models import AttributionFailure, EncoderState, InspirationList, MarkSearch
from marketplace.delivering import DownloadShares, KnownMarks, deliver
from marketplace.models import Delivery, Download
from marketplace.provenance import ImageFormat


class NotAttributedYet(RuntimeError):
    """A download whose inspiration list is still to be computed: its file cannot be signed before."""


def deliver_download(download: Download, file_format: ImageFormat, at: datetime) -> Delivery:
    """The signed file of a download in one format. Raises `NotAttributedYet` and `CannotSign`.

    Where attribution by the current encoder has failed, the file is handed out all the same, and says that there are no
    shares.
    """
    stored = InspirationList.objects.select_related("batch__method", "batch__encoder").filter(download=download).first()
    failed = AttributionFailure.objects.filter(generation=download.generation_id, encoder__state=EncoderState.CURRENT)
    if stored is None and not failed.exists():
        raise NotAttributedYet(
            f"The file of licence {download.pk} is being made: its inspiration list is computed first, within a minute "
            "or two of the purchase. Please try again then."
        )
    shares = _shares_of(stored) if stored else None
    return deliver(download, file_format, shares, at, _marks_of(download))


def _marks_of(download: Download) -> KnownMarks | None:
    searches = MarkSearch.objects.filter(generation=download.generation_id)
    found = searches.filter(output_check__isnull=False)
    looked_for = searches.values("known_mark").distinct().count()
    return KnownMarks(looked_for, found.values("known_mark").distinct().count()) if looked_for else None


def _shares_of(stored: InspirationList) -> DownloadShares:
    return DownloadShares(
        method=str(stored.batch.method),
        encoder=stored.batch.encoder.fingerprint,
        shares_ppm=dict(zip(stored.asset_ids, stored.shares_ppm, strict=True)),
        unattributed_ppm=stored.unattributed_ppm,
    )
