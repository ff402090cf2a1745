"""An image that somebody asks to remove is withheld at once, until a reviewer with no part in it decides."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from marketplace.core.removals import RemovalKind, RemovalOutcome, RemovalRefused
from marketplace.generating import generator_of
from marketplace.models import Asset, Contributor, RemovalCase, RemovalDecision, User
from marketplace.removals import ThirdParty, decide_case, name_image, open_case, open_cases
from marketplace.selectors import assets_with_consent, is_withheld
from marketplace.training_sets import LeftOut, left_out_now
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    SOLD_AT,
    make_asset,
    make_customer,
    make_draft_model,
    make_training_set,
    make_user,
)
from tests.connections import in_another_connection, wait_until_one_is_blocked

INSTANT = timedelta(microseconds=1)
PARTY = ThirdParty("tom@example.org", "https://example.org/page")
PRIVACY, RIGHTS = RemovalKind.PRIVACY, RemovalKind.RIGHTS
REMOVED, KEPT = RemovalOutcome.REMOVED, RemovalOutcome.KEPT


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana, title="Harbour")


@pytest.fixture
def case(asset: Asset) -> RemovalCase:
    return open_case(asset, PRIVACY, "It shows me.", PARTY, SOLD_AT)


def seen(client: Client, user: User | None, asset: Asset) -> int:
    assert user
    client.force_login(user)
    answer = client.get(f"/assets/{asset.pk}/thumbnail.jpg")
    answer.getvalue()
    return answer.status_code


def test_an_image_is_withheld_while_a_case_is_open_and_again_free_where_it_is_kept(
    asset: Asset, case: RemovalCase, rita: User
) -> None:
    assert asset in assets_with_consent(SOLD_AT - INSTANT)
    assert asset not in assets_with_consent(SOLD_AT)
    decide_case(case, KEPT, "It is a statue.", rita, CLOSED_AT)
    assert asset not in assets_with_consent(CLOSED_AT - INSTANT)
    assert asset in assets_with_consent(CLOSED_AT)
    assert not is_withheld(asset)


def test_a_removed_image_stays_withheld_for_good(asset: Asset, case: RemovalCase, rita: User) -> None:
    decide_case(case, REMOVED, "It shows her.", rita, CLOSED_AT)
    assert asset not in assets_with_consent(CLOSED_AT + timedelta(days=900))
    assert is_withheld(asset)


def test_one_case_that_is_decided_frees_no_image_of_which_another_is_open(
    asset: Asset, case: RemovalCase, rita: User
) -> None:
    open_case(asset, RIGHTS, "It is mine.", PARTY, SOLD_AT)
    decide_case(case, KEPT, "It is a statue.", rita, CLOSED_AT)
    assert is_withheld(asset)
    assert asset not in assets_with_consent(CLOSED_AT)


def test_only_its_owner_and_reviewers_see_a_withheld_image(
    client: Client, ana: Contributor, ben: Contributor, asset: Asset, rita: User
) -> None:
    assert seen(client, ben.user, asset) == 200
    open_case(asset, PRIVACY, "It shows me.", PARTY, SOLD_AT)
    assert seen(client, ben.user, asset) == seen(client, make_customer("Carl").user, asset) == 404
    assert seen(client, ana.user, asset) == seen(client, rita, asset) == 200


def test_a_generator_that_cuts_up_images_takes_no_withheld_one(ana: Contributor, asset: Asset) -> None:
    for _ in range(4):
        make_asset(ana)
    model = make_draft_model(make_training_set())
    open_case(asset, PRIVACY, "It shows me.", PARTY, SOLD_AT)
    made = [generator_of(model).generate("a quiet morning", seed) for seed in range(8)]
    assert asset.pk not in {source.asset_id for one in made for source in one.truth or ()}


def test_why_a_member_cannot_be_handed_out_any_more_names_the_case(asset: Asset) -> None:
    frozen = make_training_set()
    case = open_case(asset, PRIVACY, "It shows me.", PARTY, SOLD_AT)
    assert left_out_now(frozen, SOLD_AT) == [LeftOut(asset.pk, f"withheld by removal case {case.pk}")]


@pytest.mark.django_db(transaction=True)
def test_a_case_that_is_opened_while_a_set_is_frozen_withholds_after_it(asset: Asset) -> None:
    failures: list[BaseException] = []
    with transaction.atomic():
        make_training_set()
        before = FROZEN_AT - timedelta(seconds=5)
        thread = in_another_connection(lambda: open_case(asset, PRIVACY, "It shows me.", PARTY, before), failures)
        wait_until_one_is_blocked()
    thread.join()
    assert failures == []
    assert RemovalCase.objects.get().opened_at > FROZEN_AT


def test_asking_twice_opens_one_case(asset: Asset, ana: Contributor, case: RemovalCase, rita: User) -> None:
    assert open_case(asset, PRIVACY, "It shows me!", PARTY, CLOSED_AT) == case
    assert ana.user
    own = open_case(asset, PRIVACY, "A guest asked.", ana.user, CLOSED_AT)
    assert (own.opener, case.opener) == ("contributor", "third party")
    assert open_case(asset, PRIVACY, "Seen.", rita, CLOSED_AT).opener == "reviewer"
    assert RemovalCase.objects.count() == 3


def test_what_cannot_be_opened_is_refused_in_words(asset: Asset, ben: Contributor, rita: User) -> None:
    assert ben.user
    with pytest.raises(RemovalRefused, match="say what is wrong with the image"):
        open_case(asset, PRIVACY, "  ", PARTY, SOLD_AT)
    with pytest.raises(RemovalRefused, match="it is not your image"):
        open_case(asset, PRIVACY, "No.", ben.user, SOLD_AT)
    with pytest.raises(RemovalRefused, match="say which image it is about"):
        open_case(None, PRIVACY, "No.", rita, SOLD_AT)


def test_a_reviewer_names_the_image_of_a_report_once(asset: Asset, ana: Contributor, rita: User) -> None:
    case = open_case(None, PRIVACY, "It shows me.", PARTY, SOLD_AT)
    with pytest.raises(RemovalRefused, match="Say first which image it is about"):
        decide_case(case, REMOVED, "Yes.", rita, CLOSED_AT)
    assert ana.user
    with pytest.raises(RemovalRefused, match="Only reviewers name the image"):
        name_image(case, asset, ana.user)
    name_image(case, asset, rita)
    assert is_withheld(asset)
    with pytest.raises(RemovalRefused, match=f"It is about image {asset.pk} already"):
        name_image(case, make_asset(ana), rita)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        RemovalCase.objects.update(asset=None)


def test_a_case_is_decided_once_with_a_reason_by_a_reviewer_who_has_no_part_in_it(
    asset: Asset, ana: Contributor, rita: User
) -> None:
    case = open_case(asset, RIGHTS, "It is not hers.", rita, SOLD_AT)
    assert ana.user
    with pytest.raises(RemovalRefused, match="Only reviewers decide"):
        decide_case(case, KEPT, "Mine.", ana.user, CLOSED_AT)
    with pytest.raises(RemovalRefused, match="You opened this case"):
        decide_case(case, REMOVED, "Yes.", rita, CLOSED_AT)
    rob = make_user("rob", "reviewer")
    with pytest.raises(RemovalRefused, match="needs a reason"):
        decide_case(case, REMOVED, " ", rob, CLOSED_AT)
    decide_case(case, REMOVED, "The other had it first.", rob, CLOSED_AT)
    with pytest.raises(RemovalRefused, match="decided already"):
        decide_case(case, KEPT, "No.", rob, CLOSED_AT)
    assert RemovalDecision.objects.get().decided_by == rob
    for written in (RemovalCase.objects, RemovalDecision.objects):
        with pytest.raises(DatabaseError), transaction.atomic():
            written.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        RemovalCase.objects.update(statement="Nothing.")


def test_cases_that_are_due_first_wait_first(asset: Asset, case: RemovalCase, settings: object) -> None:
    later = open_case(asset, RIGHTS, "It is mine.", PARTY, CLOSED_AT)
    earlier = open_case(None, RIGHTS, "It is mine.", PARTY, FROZEN_AT)
    assert list(open_cases()) == [earlier, case, later]
    assert case.due_at == SOLD_AT + timedelta(days=14)


def test_a_contributor_asks_for_removal_and_reads_what_was_decided(
    client: Client, ana: Contributor, ben: Contributor, asset: Asset, rita: User
) -> None:
    assert ana.user
    client.force_login(ana.user)
    address = f"/contributor/images/{asset.pk}/removal/"
    assert "Nothing was sent" in client.post(address, {"kind": "takedown"}, follow=True).content.decode()
    page = client.post(address, {"kind": "takedown", "statement": "I sold it."}, follow=True).content.decode()
    assert "waits for a reviewer" in page
    assert "withheld" in client.get("/contributor/consents/").content.decode()
    decide_case(RemovalCase.objects.get(), REMOVED, "As she asks.", rita, CLOSED_AT)
    assert "As she asks." in client.get(address).content.decode()
    assert ben.user
    client.force_login(ben.user)
    assert client.get(address).status_code == 404
