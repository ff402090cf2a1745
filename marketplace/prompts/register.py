"""The register of terms: which entries hold on a day, what they find in a prompt, and how an entry is changed."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Q, QuerySet

from marketplace.core.prompt_text import Folded, find_term
from marketplace.core.prompts import OUTCOME_OF_KIND, EntryKind, Finding
from marketplace.models import RegisterEntry, User

SOURCE = "register"


def record_entry(entry: RegisterEntry, recorded_by: User, at: datetime) -> None:
    """Add an entry; one that is recorded already stays as it is, and a new one with these values replaces it.

    Raises ValidationError for a term that is too short, and for an entry that was replaced already.
    """
    if entry.pk is not None:
        entry.replaces_id, entry.pk, entry._state.adding = entry.pk, None, True
    entry.recorded_by, entry.recorded_at = recorded_by, at
    entry.full_clean()
    entry.save(force_insert=True)


def entries_in_force(on: date) -> QuerySet[RegisterEntry]:
    """The entries that hold on that day and that no later one replaces, in the order of recording."""
    still = Q(valid_until_on__isnull=True) | Q(valid_until_on__gte=on)
    return RegisterEntry.objects.filter(still, replaced_by__isnull=True, valid_from_on__lte=on).order_by("pk")


def find_entries(prompt: Folded, on: date) -> Sequence[Finding]:
    """One finding for each entry in force that the prompt names, with the characters that name it."""
    found = []
    for entry in entries_in_force(on):
        spans = sorted({span for term in (entry.term, *entry.aliases) for span in find_term(term, prompt)})
        if spans:
            kind = EntryKind(entry.kind)
            found.append(Finding(SOURCE, kind, OUTCOME_OF_KIND[kind], tuple(spans), entry.pk, entry.term))
    return found
