"""What a contributor says of themselves, if they want to."""

from django.db import models
from django.db.models import Q

from marketplace.core.self_descriptions import Gender, Region
from marketplace.models.people import Contributor


class SelfDescription(models.Model):
    """What holds now: it is replaced or deleted as its contributor wants, and never kept as it was.

    Only sums over several people are ever shown to others. So it is not in the admin, and has no name that says it.
    """

    contributor = models.OneToOneField(Contributor, on_delete=models.CASCADE, related_name="self_description")
    gender = models.CharField(max_length=20, blank=True, choices=[(one.value, one.value) for one in Gender])
    region = models.CharField(max_length=40, blank=True, choices=[(one.value, one.value) for one in Region])
    said_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(gender__in=["", *(one.value for one in Gender)]), name="self_description_gender_known"
            ),
            models.CheckConstraint(
                condition=Q(region__in=["", *(one.value for one in Region)]), name="self_description_region_known"
            ),
            models.CheckConstraint(condition=~Q(gender="", region=""), name="self_description_says_something"),
        )
