"""Invitations, by which logins come to be: nobody signs up by themselves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.models.catalogue import SHA256_HEX_LENGTH
from marketplace.models.people import Contributor, Customer, User


class Role(models.TextChoices):
    """What a login is invited to be; finance and reviewers are groups of that name."""

    CONTRIBUTOR = "contributor", _("contributor")
    CUSTOMER = "customer", _("customer")
    FINANCE = "finance", _("finance")
    REVIEWER = "reviewer", _("reviewer")


class Invitation(models.Model):
    """That somebody may make themselves a login of one role. Only whoever has the mail knows the token."""

    email = models.EmailField()
    role = models.CharField(max_length=11, choices=Role.choices)
    name = models.CharField(max_length=200, blank=True, help_text="Of the new contributor or customer.")
    contributor = models.ForeignKey(
        Contributor,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who has no login yet.",
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Had no login then."
    )
    token_sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.OneToOneField(User, on_delete=models.PROTECT, null=True, blank=True, related_name="invitation")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None, accepted_by=None)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(contributor=None) | models.Q(role=Role.CONTRIBUTOR),
                name="invitation_of_a_contributor",
            ),
            models.CheckConstraint(
                condition=models.Q(customer=None) | models.Q(role=Role.CUSTOMER), name="invitation_of_a_customer"
            ),
        )

    def __str__(self) -> str:
        return f"invitation {self.pk} as {self.role}"
