"""Mail that waits to be sent, written in the transaction of what it tells."""

from django.db import models
from django.db.models import Q

from marketplace.models.people import User


class Mail(models.Model):
    """One mail to one person: which template tells it, with what, and whether it is sent. `key` makes it one.

    It goes to a login, or to the address of somebody who has none.
    """

    recipient = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="mail")
    address = models.EmailField(blank=True, help_text="Of somebody without a login.")
    language = models.CharField(max_length=10, blank=True, help_text="Of somebody without a login.")
    kind = models.CharField(max_length=40, help_text="The name of its template in mail/.")
    key = models.CharField(max_length=200, unique=True)
    told = models.JSONField(help_text="What the template is given; keys that end in _on and _at are ISO dates.")
    path = models.CharField(max_length=200, help_text="Of the page that it leads to.")
    written_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="Not sent before; later each time that the mail server refuses it.")
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True, help_text="What the mail server said the last time.")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "mail"
        constraints = (
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, address="", language="")
                | Q(recipient__isnull=True) & ~Q(address="") & ~Q(language=""),
                name="mail_is_to_somebody",
            ),
        )
        indexes = (models.Index(fields=["due_at"], condition=Q(sent_at=None), name="mail_that_waits"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id or self.address}"
