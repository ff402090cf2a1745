"""The outbox of our webhooks: deliveries are written in the transaction of what they tell, and sent afterwards.

So nothing is told that did not happen, and nothing that happened is forgotten.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.utils.translation import gettext as _

from marketplace.core.webhooks import Event
from marketplace.models import Submission, User, WebhookDelivery, WebhookEndpoint

SECRET_BYTES = 32
MOST_ENDPOINTS = 10


class EndpointRefused(ValueError):
    """An address that cannot be added; the message says why."""


def add_endpoint(user: User, url: str, events: Collection[Event], at: datetime) -> WebhookEndpoint:
    """An address that is told of these events from now on, with a new secret.

    Raises `EndpointRefused` where the user has it already, or ten others.
    """
    if user.webhook_endpoints.count() >= MOST_ENDPOINTS:
        raise EndpointRefused(_("You have %(most)d addresses: remove one first.") % {"most": MOST_ENDPOINTS})
    secret = "whsec_" + secrets.token_urlsafe(SECRET_BYTES)
    made = {"secret": secret, "events": sorted(set(events)), "created_at": at}
    endpoint, is_new = WebhookEndpoint.objects.get_or_create(user=user, url=url, defaults=made)
    if not is_new:
        raise EndpointRefused(_("You have this address already: remove it first to choose other events."))
    return endpoint


def tell(event: Event, data_by_user: Mapping[int | None, Mapping[str, Any]], at: datetime) -> None:
    """Write the deliveries of an event to each user's endpoints that want it; `data_by_user` is by the user's id.

    To be called in the transaction of what happened. Nobody is told for contributors without a login (None).
    """
    asking = WebhookEndpoint.objects.filter(user__in=[pk for pk in data_by_user if pk], events__contains=[event])
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoint,
            event=event,
            body=_body(event, data_by_user[endpoint.user_id], at),
            created_at=at,
            next_try_at=at,
        )
        for endpoint in asking
    )


def tell_decided(submission: Submission, at: datetime) -> None:
    """That an upload was decided, or decided otherwise: its verdict as it is now."""
    data = {"submission": submission.pk, "verdict": submission.verdict, "file_name": submission.file_name}
    tell(Event.UPLOAD_DECIDED, {submission.contributor.user_id: data}, at)


def _body(event: Event, data: Mapping[str, Any], at: datetime) -> str:
    created_at = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return json.dumps({"id": str(uuid4()), "event": event, "created_at": created_at, "data": data})
