"""Tokens of the API, the answers that a repeated request gets again, and the addresses that are told of events."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from marketplace.core.scopes import Scope
from marketplace.core.webhooks import Event
from marketplace.models.catalogue import SHA256_HEX_LENGTH
from marketplace.models.people import User


class ApiToken(models.Model):
    """A secret by which a program acts for its user, within the scopes; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=40, choices=[(scope.value, scope.value) for scope in Scope]))
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, unique=True, help_text="Of the secret.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(revoked_at=None), name="one_token_of_a_name"
            ),
        )

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """What a token's request was answered: the same request with the same key is answered the same, and done once."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="idempotency_records")
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=SHA256_HEX_LENGTH)
    status = models.PositiveSmallIntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["token", "key"], name="one_answer_per_token_and_key"),)


class WebhookEndpoint(models.Model):
    """An address that its user wants told of events, and the secret that signs what it is told."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=100)
    events = ArrayField(models.CharField(max_length=40, choices=[(event.value, event.value) for event in Event]))
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "url"], name="one_webhook_endpoint_of_an_address"),)

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one endpoint, written together with what happened, and sent until it is taken or given up."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40, choices=[(event.value, event.value) for event in Event])
    body = models.TextField(help_text="JSON, as it is signed and sent.")
    created_at = models.DateTimeField(db_index=True)
    try_count = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Empty once it was taken or given up.")
    taken_at = models.DateTimeField(null=True, help_text="When the endpoint answered with a 2xx status.")
    problem = models.CharField(max_length=300, blank=True, help_text="Of the last try.")

    class Meta:
        indexes = (
            models.Index(
                fields=["next_try_at"], condition=models.Q(next_try_at__isnull=False), name="waiting_webhook_deliveries"
            ),
        )
        verbose_name_plural = "webhook deliveries"
