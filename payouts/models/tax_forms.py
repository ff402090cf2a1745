"""Tax forms: what finance decided on each that a contributor sent."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.models import Contributor
from marketplace.triggers import append_only
from payouts.core.tax_forms import EXPIRING, TaxFormKind


class TaxFormReview(models.Model):
    """A tax form that was received, accepted or rejected by somebody in finance. The newest of a contributor counts."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="tax_form_reviews")
    kind = models.CharField(max_length=30, choices=[(kind.value, kind.value) for kind in TaxFormKind])
    received_on = models.DateField()
    valid_until_on = models.DateField(
        null=True, help_text="The last day on which it holds; none where it does not end."
    )
    is_accepted = models.BooleanField()
    note = models.CharField(max_length=300, blank=True, help_text="Why it is rejected, which the contributor reads.")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["contributor", "-reviewed_at"], name="newest_tax_form"),)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=list(TaxFormKind)), name="tax_form_kind_known"),
            models.CheckConstraint(
                condition=Q(is_accepted=True, note="") | (Q(is_accepted=False) & ~Q(note="")),
                name="rejected_tax_form_says_why",
            ),
            models.CheckConstraint(
                condition=Q(is_accepted=False) | ~Q(kind__in=EXPIRING) | Q(valid_until_on__isnull=False),
                name="accepted_w8_says_until_when",
            ),
            models.CheckConstraint(
                condition=Q(valid_until_on__isnull=True) | Q(valid_until_on__gte=F("received_on")),
                name="tax_form_holds_when_received",
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.kind} received on {self.received_on}"
