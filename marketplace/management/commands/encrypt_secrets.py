"""Encrypt the secrets of second factors anew, after SECRET_KEY changed."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from marketplace.login_secrets import OtherSecretKey, change_secrets, encrypt_anew


class Command(BaseCommand):
    """`encrypt_secrets`: under today's SECRET_KEY; what an earlier one encrypted is read by SECRET_KEY_FALLBACKS."""

    help = "Encrypt the secrets of second factors under today's SECRET_KEY; then older ones are not needed any more."

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        stored = Authenticator.objects.select_for_update(of=("self",)).order_by("pk")
        try:
            change_secrets(stored, encrypt_anew)
        except OtherSecretKey as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        self.stdout.write(f"{len(stored)} second factors are stored under today's SECRET_KEY.")
