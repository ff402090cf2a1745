"""Tax forms: what finance decides on each, and the one that counts for a contributor."""

from collections.abc import Collection
from datetime import date, datetime

from django.conf import settings
from django.db.models import QuerySet

from marketplace.models import Contributor, User
from payouts.core.tax_forms import EXPIRING, TaxForm, TaxFormKind, forms_for
from payouts.models import ConnectedAccount, TaxFormReview

NOTE_LETTERS = 300


class TaxFormRefused(ValueError):
    """The review of a tax form cannot be recorded; the message says why."""


def record_tax_form(
    contributor: Contributor,
    kind: TaxFormKind,
    received_on: date,
    valid_until_on: date | None,
    rejected_because: str,
    reviewed_by: User,
    at: datetime,
) -> TaxFormReview:
    """Record that a form was accepted or, with a reason that the contributor reads, rejected. It counts from now on.

    Raises `TaxFormRefused`.
    """
    note = rejected_because.strip()
    if received_on > at.date():
        raise TaxFormRefused(f"{received_on} has not come yet: give the day on which the form was received.")
    if not note:
        _check_acceptable(contributor, kind, valid_until_on, at.date())
    if valid_until_on is not None and valid_until_on < received_on:
        raise TaxFormRefused(f"A form received on {received_on} cannot have been valid until {valid_until_on}.")
    if len(note) > NOTE_LETTERS:
        raise TaxFormRefused(f"The reason has {len(note)} letters: say it in {NOTE_LETTERS}.")
    return TaxFormReview.objects.create(
        contributor=contributor,
        kind=kind,
        received_on=received_on,
        valid_until_on=valid_until_on,
        is_accepted=not note,
        note=note,
        reviewed_by=reviewed_by,
        reviewed_at=at,
    )


def _check_acceptable(contributor: Contributor, kind: TaxFormKind, valid_until_on: date | None, on: date) -> None:
    country = paid_in(contributor)
    needed = forms_for(settings.PLATFORM_COUNTRY, country)
    if kind not in needed:
        asked = f"only {' or '.join(needed)}" if needed else "no form"
        raise TaxFormRefused(
            f"A {kind} is not for {contributor}: a platform in {settings.PLATFORM_COUNTRY} asks {asked} of "
            f"contributors in {country or 'an unknown country'}."
        )
    if kind in EXPIRING and valid_until_on is None:
        raise TaxFormRefused(f"A {kind} ends: say until when it holds, usually the end of the third year from now.")
    if valid_until_on is not None and valid_until_on < on:
        raise TaxFormRefused(f"This {kind} was valid until {valid_until_on}: ask for a new one.")


def paid_in(contributor: Contributor) -> str:
    """The country of a contributor's connected account, or their own as long as they have none."""
    account = ConnectedAccount.objects.filter(contributor=contributor).first()
    return account.country if account else contributor.country


def newest_reviews(contributor_ids: Collection[int], at: datetime) -> QuerySet[TaxFormReview]:
    """The review that counted for each of these contributors at a time."""
    reviews = TaxFormReview.objects.filter(contributor_id__in=contributor_ids, reviewed_at__lte=at)
    return reviews.order_by("contributor_id", "-reviewed_at", "-pk").distinct("contributor_id")


def as_tax_form(review: TaxFormReview) -> TaxForm:
    """A review as the rules of `core` read it."""
    return TaxForm(TaxFormKind(review.kind), review.is_accepted, review.valid_until_on, review.note)
