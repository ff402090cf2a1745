"""What customers ask generators for."""

import pgtrigger
from django.db import models

from marketplace.models.generation import Generation, GeneratorModel
from marketplace.models.people import Customer


class GenerationRequest(models.Model):
    """A customer's wish for a picture, once for each form that was shown; it ends in a generation or in a failure."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="generation_requests")
    generator_model = models.ForeignKey(GeneratorModel, on_delete=models.PROTECT)
    prompt = models.TextField()
    seed = models.BigIntegerField()
    must_show_no_people = models.BooleanField(default=False)
    form_key = models.UUIDField(unique=True)
    requested_at = models.DateTimeField()
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, null=True, related_name="requests")
    failure = models.TextField(blank=True, help_text="Why there is no picture, in a sentence for the customer.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(finished_at=None, generation=None, failure="")
                | models.Q(finished_at__isnull=False, generation__isnull=False, failure="")
                | (models.Q(finished_at__isnull=False, generation=None) & ~models.Q(failure="")),
                name="request_waits_is_made_or_failed",
            ),
        )
        indexes = (
            models.Index(fields=["requested_at"], condition=models.Q(finished_at=None), name="request_waiting"),
            models.Index(fields=["customer", "-requested_at"], name="request_newest"),
        )
        triggers = (
            pgtrigger.Protect(
                name="requirement_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("must_show_no_people"),
            ),
        )

    def __str__(self) -> str:
        return f"generation request {self.pk}"
