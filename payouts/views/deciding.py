"""Forms of finance that post to the ledger: previewed first, and recorded once however often they are sent."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _

from marketplace import formats
from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest
from payouts.models import Entry, Posting

REASON_LETTERS = 500
NO_SUCH_CONTRIBUTOR = {"invalid_choice": _("There is no contributor with this number.")}


class Posted(Protocol):
    """What a service records with an entry in the ledger."""

    entry: Entry


class PreviewedPosting(NamedTuple):
    """One line that would be posted, and the balance of its account after it, in micro-units."""

    kind: str
    contributor: Contributor | None
    amount_micro: int
    balance_micro: int


class Pressed(NamedTuple):
    """What became of a form: it is done or, before that, what it would post, with its fields to be sent once more."""

    is_done: bool
    previewed: Sequence[PreviewedPosting] = ()
    repeated: Sequence[tuple[str, str]] = ()


class KeyedForm(forms.Form):
    """A form that is recorded once: its key makes a second press of the same button no second record."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class ContributorForm(KeyedForm):
    """A form about a contributor, by number: pages that name one lead here with it filled in."""

    contributor = forms.ModelChoiceField(
        Contributor.objects.all(),
        widget=forms.NumberInput,
        label=_("Number of the contributor"),
        error_messages=NO_SUCH_CONTRIBUTOR,
    )


Act = Callable[[dict[str, Any], str, datetime], Posted]


def press(request: LoggedInRequest, form: KeyedForm, act: Act, refused: type[ValueError], done: str) -> Pressed:
    """Preview what a form would post or, once that is confirmed, do it and say `done`; nothing if it has mistakes."""
    if not form.is_valid():
        return Pressed(is_done=False)
    if "confirmed" in request.POST:
        return Pressed(_record(request, form, act, refused, done))
    previewed = _preview(request, form, act, refused)
    return Pressed(False, previewed, _repeated(form) if previewed else ())


def _preview(request: LoggedInRequest, form: KeyedForm, act: Act, refused: type[ValueError]) -> list[PreviewedPosting]:
    """Do it, look at what was posted, and take it all back; empty, with a message, where it is refused."""
    at = timezone.now()
    try:
        with transaction.atomic():
            entry = act(dict(form.cleaned_data), _key(request, form), at).entry
            if entry.posted_at != at:
                messages.error(request, _again(entry))
                return []
            postings = Posting.objects.filter(entry=entry).select_related("account__contributor").order_by("pk")
            lines = [
                PreviewedPosting(one.account.kind, one.account.contributor, one.amount_micro, one.account.balance_micro)
                for one in postings
            ]
            transaction.set_rollback(True)
    except refused as error:
        messages.error(request, str(error))
        return []
    return lines


def _record(request: LoggedInRequest, form: KeyedForm, act: Act, refused: type[ValueError], done: str) -> bool:
    """Do it for good and say so, also where it was done before; whether it is done."""
    at = timezone.now()
    try:
        entry = act(dict(form.cleaned_data), _key(request, form), at).entry
    except refused as error:
        messages.error(request, str(error))
        return False
    if entry.posted_at == at:
        messages.success(request, done)
    else:
        messages.success(request, _again(entry))
    return True


def _again(entry: Entry) -> str:
    told = translated("This was recorded at %(time)s already: nothing was posted a second time.")
    return told % {"time": formats.instant(entry.posted_at)}


def _repeated(form: KeyedForm) -> Sequence[tuple[str, str]]:
    """Every field as it was sent, for the hidden copy that confirms it."""
    return [(name, str(form.data.get(name, ""))) for name in form.fields]


def _key(request: LoggedInRequest, form: KeyedForm) -> str:
    return f"page:{request.user.pk}:{form.cleaned_data['form_key']}"
