"""People who make tokens and webhooks read what each code means, in their language, with the code beside it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from marketplace import words
from marketplace.api_tokens import make_token
from marketplace.core.scopes import Scope
from marketplace.core.webhooks import Event
from marketplace.models import Contributor, WebhookDelivery
from marketplace.webhook_outbox import add_endpoint
from tests.api.asking import log_in


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_scope_and_every_event_has_words_of_its_own(language: str) -> None:
    with translation.override(language):
        said = [words.scope(scope) for scope in Scope] + [words.event(event) for event in Event]
    assert len(set(said)) == len(Scope) + len(Event)
    assert not set(said) & {*Scope, *Event}


def test_a_code_that_only_another_version_knows_is_shown_as_it_is() -> None:
    assert words.scope("gifts:read") == "gifts:read"
    assert words.event("gift.sent") == "gift.sent"


def test_what_a_token_may_do_is_said_with_its_code(client: Client, ana: Contributor) -> None:
    assert ana.user is not None
    make_token(ana.user, "backup", [Scope.ASSETS_READ], 30, timezone.now())
    log_in(client, ana)
    page = client.get("/api-tokens/").content.decode()
    assert "<li>see uploads, images, consents and copies <code>assets:read</code></li>" in page
    for scope in Scope:
        assert f"{words.scope(scope)} <code>{scope}</code></label>" in page


def test_what_an_address_is_told_of_is_said_with_its_code(client: Client, ana: Contributor) -> None:
    assert ana.user is not None
    now = timezone.now()
    endpoint = add_endpoint(ana.user, "https://ana.example/told", [Event.PAYOUT_SENT], now)
    WebhookDelivery.objects.create(
        endpoint=endpoint, event=Event.PAYOUT_SENT, body="{}", created_at=now, next_try_at=now + timedelta(minutes=1)
    )
    log_in(client, ana)
    page = client.get("/webhook-endpoints/").content.decode()
    assert "<li>a payout is sent <code>payout.sent</code></li>" in page
    assert '<th scope="row">a payout is sent <code>payout.sent</code></th>' in page
    for event in Event:
        assert f"{words.event(event)} <code>{event}</code></label>" in page
