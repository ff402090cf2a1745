"""Tokens: what a program may do is what its user may do and what the token was given, until it ends."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.api_tokens import make_token, revoke_token
from marketplace.core.scopes import Scope
from marketplace.models import ApiToken, Contributor, Customer, User
from tests.api.asking import Asker, log_in
from tests.builders import make_asset, make_user, submit

LISTS = {
    "submissions/": Scope.ASSETS_READ,
    "assets/": Scope.ASSETS_READ,
    "copies/": Scope.ASSETS_READ,
    "earnings/": Scope.EARNINGS_READ,
    "statements/": Scope.STATEMENTS_READ,
    "payouts/": Scope.PAYOUTS_READ,
    "generations/": Scope.GENERATIONS_READ,
    "downloads/": Scope.DOWNLOADS_READ,
    "months/": Scope.MONTHS_READ,
    "exports/": Scope.MONTHS_READ,
    "payout-runs/": Scope.PAYOUTS_READ,
    "findings/": Scope.PAYOUTS_READ,
    "reconciliations/": Scope.PAYOUTS_READ,
    "reviews/": Scope.SCREENING_READ,
}
OF_CONTRIBUTORS = ("submissions/", "assets/", "copies/", "earnings/", "statements/", "payouts/")


def statuses(asker: Asker) -> dict[str, int]:
    return {path: asker.get(path).status_code for path in LISTS}


def test_a_token_can_do_what_its_scopes_say_and_nothing_else(ana: Contributor) -> None:
    asker = Asker(ana, Scope.ASSETS_READ)
    assert asker.get("submissions/").status_code == 200
    refused = asker.get("earnings/")
    assert refused.status_code == 403
    assert "earnings:read" in refused.json()["detail"]
    assert asker.post("submissions/1/appeal/").status_code == 403


def test_a_token_with_every_scope_can_do_no_more_than_its_user(ana: Contributor, carla: Customer, fay: User) -> None:
    nobody, reviewer = make_user("nobody"), make_user("rea", "reviewer")
    mine = {path: 200 if path in OF_CONTRIBUTORS else 404 for path in LISTS}
    assert statuses(Asker(ana)) == mine
    assert statuses(Asker(carla)) == {path: 200 if path in ("generations/", "downloads/") else 404 for path in LISTS}
    finance = ("generations/", "months/", "exports/", "payout-runs/", "findings/", "reconciliations/")
    assert statuses(Asker(fay)) == {path: 200 if path in finance else 404 for path in LISTS}
    assert statuses(Asker(reviewer)) == {path: 200 if path == "reviews/" else 404 for path in LISTS}
    assert set(statuses(Asker(nobody)).values()) == {404}


def test_what_is_somebody_elses_does_not_exist(ana: Contributor, ben: Contributor) -> None:
    asset, theirs = make_asset(ben), submit(ben, b"not a picture")
    asker = Asker(ana)
    assert asker.get(f"submissions/{theirs.pk}/").status_code == 404
    assert asker.get(f"assets/{asset.pk}/").status_code == 404
    assert asker.get(f"assets/{asset.pk}/preview/").status_code == 404
    assert asker.post(f"assets/{asset.pk}/consents/", {"granted": False}).status_code == 404
    assert asker.post(f"submissions/{theirs.pk}/appeal/").status_code == 404
    assert asset.consents.count() == 1


def test_without_a_good_token_nothing_is_answered(ana: Contributor) -> None:
    client, asker = Client(), Asker(ana)
    assert client.get("/api/v1/submissions/").status_code == 401
    assert client.get("/api/v1/submissions/").headers["WWW-Authenticate"] == "Bearer"
    for secret in ("", "tributary_wrong", "one two", "ä"):
        headers = {"Authorization": f"Bearer {secret}"}
        assert client.get("/api/v1/submissions/", headers=headers).status_code == 401
    log_in(client, ana)  # a session is for pages: no page of another site can use it here
    assert client.get("/api/v1/submissions/").status_code == 401
    revoke_token(asker.token, timezone.now())
    assert asker.get("submissions/").status_code == 401


def test_a_token_ends_with_its_time_and_with_its_users_login(ana: Contributor) -> None:
    assert ana.user is not None
    _token, secret = make_token(ana.user, "old", [Scope.ASSETS_READ], 30, timezone.now() - timedelta(days=31))
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/submissions/", headers=headers).status_code == 401
    asker = Asker(ana)
    User.objects.filter(pk=ana.user.pk).update(is_active=False)
    assert asker.get("submissions/").status_code == 401


def test_only_the_hash_of_a_token_is_kept_and_when_it_was_last_used(ana: Contributor) -> None:
    asker = Asker(ana)
    assert asker.token.last_used_at is None
    asker.get("submissions/")
    kept = ApiToken.objects.filter(pk=asker.token.pk).values().get()
    assert all(asker.secret not in str(value) for value in kept.values())
    assert kept["last_used_at"] is not None


@pytest.mark.django_db
def test_the_page_shows_a_new_token_once_and_it_works_until_it_is_revoked(client: Client, ana: Contributor) -> None:
    log_in(client, ana)
    form = {"name": "backup", "scopes": ["assets:read"], "days": "30"}
    answer = client.post("/api-tokens/", form)
    assert answer.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert secret not in client.get("/api-tokens/").content.decode()
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/submissions/", headers=headers).status_code == 200
    twice = client.post("/api-tokens/", form)
    assert twice.status_code == 400
    assert "You have a token of this name" in twice.content.decode()
    token = ApiToken.objects.get(name="backup")
    assert "is revoked" in client.post(f"/api-tokens/{token.pk}/revoke/", follow=True).content.decode()
    assert Client().get("/api/v1/submissions/", headers=headers).status_code == 401
    assert client.post("/api-tokens/", form).status_code == 200  # the name is free again


def test_nobody_revokes_the_token_of_somebody_else(client: Client, ana: Contributor, ben: Contributor) -> None:
    asker = Asker(ben)
    log_in(client, ana)
    assert client.post(f"/api-tokens/{asker.token.pk}/revoke/").status_code == 404
    assert asker.get("submissions/").status_code == 200
    assert asker.token.name not in client.get("/api-tokens/").content.decode()
