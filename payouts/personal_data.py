"""Everything that is stored about a person, as one ZIP: their records as JSON, and the files that they uploaded."""

import json
import zipfile
from tempfile import TemporaryFile
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder

from attribution.models import Contest, InspirationList
from marketplace.models import Contributor, Mail, User
from marketplace.personal_data import Records, files_of, records_of, rows
from payouts.models import (
    Adjustment,
    ConnectedAccount,
    Earning,
    Hold,
    LedgerAccount,
    Order,
    Payout,
    ShareClaim,
    Statement,
    TaxFormReview,
    Transfer,
)


def export_person(user: User) -> IO[bytes]:
    """The ZIP of all personal data, in a temporary file that stands at its beginning."""
    archive = TemporaryFile()  # noqa: SIM115 - whoever asked closes it
    with zipfile.ZipFile(archive, "w") as zipped:
        records = records_of(user) | _records_of_payouts(user)
        text = json.dumps(records, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
        zipped.writestr("data.json", text, zipfile.ZIP_DEFLATED)
        for name, path in files_of(user):
            zipped.write(path, f"files/{name}")
    archive.seek(0)
    return archive


def _records_of_payouts(user: User) -> Records:
    """All rows of attribution and payouts about a person, by what they are."""
    own = {"contributor__user": user}
    return {
        "shares": _shares(user),
        "contests": rows(
            Contest.objects.filter(contested_by=user),
            *("near_duplicate_id", "statement", "contested_at", "decision__outcome", "decision__reason"),
        ),
        "share_claims": rows(
            ShareClaim.objects.filter(claimed_by=user),
            *("download_id", "asset_id", "statement", "claimed_at", "decision__reason", "decision__share_ppm"),
        ),
        "mail": rows(Mail.objects.filter(recipient=user), "kind", "told", "written_at", "sent_at"),
        "orders": rows(
            Order.objects.filter(customer__user=user),
            *("id", "generation_id", "price_minor", "currency", "terms", "state", "opened_at", "paid_at"),
            *("stripe_charge_id", "refusal", "stripe_refund_id"),
        ),
        "earnings": rows(Earning.objects.filter(**own), "period__month_on", "period__currency", "kind", "amount_micro"),
        "balances": rows(LedgerAccount.objects.filter(**own), "kind", "currency", "balance_micro"),
        "adjustments": rows(Adjustment.objects.filter(**own), "reason", "amount_micro", "note"),
        "holds": rows(Hold.objects.filter(**own), "reason", "placed_at", "end__ended_at", "end__reason"),
        "statements": rows(
            Statement.objects.filter(**own),
            *("period__month_on", "opening_micro", "earned_micro", "adjusted_micro", "paid_micro", "closing_micro"),
            *("issued_at", "leaf_sha256"),
        ),
        "payouts": rows(
            Payout.objects.filter(**own), "run_id", "state", "amount_minor", "run__currency", "reason", "explanation"
        ),
        "transfers": rows(
            Transfer.objects.filter(payout__contributor__user=user),
            *("payout__run_id", "stripe_transfer_id", "created_at"),
        ),
        "connected_account": rows(
            ConnectedAccount.objects.filter(**own),
            *("stripe_account_id", "country", "transfers_enabled", "requirements", "refreshed_at"),
        ),
        "tax_forms": rows(
            TaxFormReview.objects.filter(**own),
            *("kind", "received_on", "valid_until_on", "is_accepted", "note", "reviewed_at"),
        ),
    }


def _shares(user: User) -> list[dict[str, Any]]:
    """By inspiration list, the images of theirs on it; the others on it are others' data."""
    contributor = Contributor.objects.filter(user=user).first()
    if contributor is None:
        return []
    found = []
    for one in InspirationList.objects.filter(contributor_ids__contains=[contributor.pk]).order_by("pk"):
        lines = zip(one.asset_ids, one.contributor_ids, one.shares_ppm, strict=True)
        images = [{"asset_id": asset, "share_ppm": ppm} for asset, owner, ppm in lines if owner == contributor.pk]
        found.append({"download_id": one.download_id, "downloaded_at": one.downloaded_at, "images": images})
    return found
