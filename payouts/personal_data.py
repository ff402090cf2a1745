"""Everything that is stored about a person, as one ZIP: their records as JSON, and the files that they uploaded."""

import json
import zipfile
from tempfile import TemporaryFile
from typing import IO

from django.core.serializers.json import DjangoJSONEncoder

from attribution.models import Contest, ContestDecision, InspirationList
from marketplace.models import Contributor, User
from marketplace.personal_data import Records, files_of, records_of
from payouts.models import (
    Adjustment,
    ConnectedAccount,
    Earning,
    Hold,
    LedgerAccount,
    Order,
    Payout,
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
    of_person = {"contributor__user": user}
    contributor = Contributor.objects.filter(user=user).first()
    shares = InspirationList.objects.filter(contributor_ids__contains=[contributor.pk]) if contributor else []
    return {
        "shares": [_own_part(one, contributor.pk) for one in shares] if contributor else [],
        "contests": list(
            Contest.objects.filter(contested_by=user).values("near_duplicate_id", "statement", "contested_at")
        ),
        "decisions_of_contests": list(
            ContestDecision.objects.filter(contest__contested_by=user).values("contest_id", "reason", "decided_at")
        ),
        "orders": list(
            Order.objects.filter(customer__user=user).values(
                *("id", "generation_id", "price_minor", "currency", "terms", "state", "opened_at", "paid_at"),
                *("stripe_charge_id", "refusal", "stripe_refund_id"),
            )
        ),
        "earnings": list(
            Earning.objects.filter(**of_person).values("period__month_on", "period__currency", "kind", "amount_micro")
        ),
        "balances": list(
            LedgerAccount.objects.filter(**of_person).values("kind", "currency", "balance_micro"),
        ),
        "adjustments": list(Adjustment.objects.filter(**of_person).values("reason", "amount_micro", "note")),
        "holds": list(Hold.objects.filter(**of_person).values("reason", "placed_at", "end__ended_at")),
        "statements": list(
            Statement.objects.filter(**of_person).values(
                "period__month_on",
                "opening_micro",
                "earned_micro",
                "adjusted_micro",
                "paid_micro",
                "closing_micro",
                "issued_at",
                "leaf_sha256",
            )
        ),
        "payouts": list(
            Payout.objects.filter(**of_person).values("run_id", "state", "amount_minor", "reason", "explanation")
        ),
        "transfers": list(
            Transfer.objects.filter(payout__contributor__user=user).values(
                "payout__run_id", "stripe_transfer_id", "created_at"
            )
        ),
        "connected_account": list(
            ConnectedAccount.objects.filter(**of_person).values(
                "stripe_account_id", "country", "transfers_enabled", "requirements", "refreshed_at"
            )
        ),
        "tax_forms": list(
            TaxFormReview.objects.filter(**of_person).values(
                "kind", "received_on", "valid_until_on", "is_accepted", "note", "reviewed_at"
            )
        ),
    }


def _own_part(one: InspirationList, contributor_id: int) -> dict[str, object]:
    """The images of theirs on an inspiration list; the others on it are others' data."""
    lines = zip(one.asset_ids, one.contributor_ids, one.shares_ppm, strict=True)
    own = [{"asset_id": asset, "share_ppm": ppm} for asset, contributor, ppm in lines if contributor == contributor_id]
    return {"download_id": one.download_id, "downloaded_at": one.downloaded_at, "images": own}
