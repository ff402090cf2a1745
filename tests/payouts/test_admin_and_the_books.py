"""The admin cannot break the books: whatever is appended, never deleted or of the money is only shown there."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory

from tests.builders import make_user

REPLACED_BY_HAND = {"RegisterEntry"}
"""A change in its form is recorded as another one, and the earlier one stays."""
ADDED_BY_HAND = {"Policy", "StrikesPolicy"} | REPLACED_BY_HAND
"""Rules, which the database lets nobody change afterwards."""
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def is_a_record(model: type[Model]) -> bool:
    """Whether the database refuses to change it, or it is of the money."""
    names = {trigger.name for trigger in getattr(model._meta, "triggers", ())}
    return bool(names & {"append_only", "never_updated"}) or model._meta.app_label == "payouts"


def test_that_walk_finds_the_books() -> None:
    found = {model.__name__ for model in REGISTERED if is_a_record(model)}
    assert {"Entry", "Posting", "LedgerAccount", "Period", "Payout", "Download", "AuditLink"} <= found


@pytest.mark.django_db
@pytest.mark.parametrize(
    "model", [model for model in REGISTERED if is_a_record(model)], ids=lambda model: model.__name__
)
def test_not_even_a_superuser_changes_or_deletes_a_record_in_the_admin(model: type[Model]) -> None:
    request = RequestFactory().get("/admin/")
    request.user = make_user("boss", is_superuser=True)
    shown = admin.site._registry[model]
    assert shown.has_change_permission(request) == (model.__name__ in REPLACED_BY_HAND)
    assert not shown.has_delete_permission(request)
    assert shown.has_add_permission(request) == (model.__name__ in ADDED_BY_HAND)
    assert not shown.inlines
    assert not shown.get_actions(request)


def test_every_page_of_the_admin_opens(client: Client, db: None) -> None:
    client.force_login(make_user("boss", is_superuser=True))
    for model in REGISTERED:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(path).status_code == 200, path
    assert client.post("/admin/payouts/posting/add/", {}).status_code == 403
