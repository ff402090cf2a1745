"""Who uses the marketplace."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A login. The group `finance` and its contributor or customer record say what it may do."""

    email = models.EmailField(unique=True)
    language = models.CharField(
        max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE, help_text="Of the mail they get."
    )


class Contributor(models.Model):
    """A rights holder who uploads images; imported ones may have no login yet."""

    name = models.CharField(max_length=200, unique=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 code; empty until they are onboarded.")
    user = models.OneToOneField(User, on_delete=models.PROTECT, null=True, blank=True)
    joined_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """A person or company that licenses and downloads generated images."""

    name = models.CharField(max_length=200)
    user = models.OneToOneField(User, on_delete=models.PROTECT, null=True, blank=True)
    joined_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
