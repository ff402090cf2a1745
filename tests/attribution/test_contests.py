"""A contributor can object that an image counts as a copy; somebody else decides, and only the future changes."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from attribution.contests import CannotContest, CannotDecide, contest, decide_contest, open_contests
from attribution.groups import copies_in, links_now, original_of
from attribution.models import Contest, ContestDecision, NearDuplicate, Outcome
from marketplace.models import Asset, Contributor, Customer, User
from tests.builders import (
    SOLD_AT,
    link_copy,
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
    make_user,
)

STATEMENT = "I took it myself; the file from the camera has the number 0412."
REASON = "The light falls from the other side."


@pytest.fixture
def original(ana: Contributor) -> Asset:
    """What Ana uploaded first."""
    return make_asset(ana, title="Ana's harbour")


@pytest.fixture
def link(original: Asset, ben: Contributor) -> NearDuplicate:
    """Ben's later picture counts as a copy of Ana's."""
    return link_copy(make_asset(ben, title="Ben's harbour"), original, SOLD_AT)


def user_of(contributor: Contributor) -> User:
    assert contributor.user is not None
    return contributor.user


def contested(link: NearDuplicate) -> Contest:
    return contest(link, STATEMENT, user_of(link.asset.contributor), SOLD_AT)


def later(days: int) -> datetime:
    return SOLD_AT + timedelta(days=days)


def test_while_a_contest_is_open_and_after_it_is_lost_the_copy_stays_one(link: NearDuplicate, rita: User) -> None:
    one = contested(link)
    assert list(open_contests()) == [one]
    assert original_of(link.asset_id, later(1)) == link.original_id
    decide_contest(one, Outcome.STANDS, REASON, rita, later(1))
    assert original_of(link.asset_id, later(2)) == link.original_id
    assert not open_contests().exists()


def test_a_picture_found_to_be_its_own_shares_from_then_on_and_not_before(link: NearDuplicate, rita: User) -> None:
    training_set = make_training_set()
    decide_contest(contested(link), Outcome.INDEPENDENT, REASON, rita, later(1))
    assert copies_in(training_set.pk, later(1) - timedelta(microseconds=1)).tolist() == [link.asset_id]
    assert copies_in(training_set.pk, later(1)).tolist() == []


def test_who_proves_to_be_first_becomes_the_original_of_the_whole_group(
    link: NearDuplicate, rita: User, ana: Contributor
) -> None:
    third = link_copy(make_asset(ana), link.original, SOLD_AT).asset
    training_set = make_training_set()
    decide_contest(contested(link), Outcome.FIRST, REASON, rita, later(1))
    assert {original_of(pk, later(1)) for pk in (link.asset_id, link.original_id, third.pk)} == {link.asset_id}
    assert copies_in(training_set.pk, later(1)).tolist() == [link.original_id, third.pk]
    assert copies_in(training_set.pk, SOLD_AT).tolist() == [link.asset_id, third.pk]


def test_who_lost_the_original_that_way_can_contest_in_turn(link: NearDuplicate, rita: User) -> None:
    decide_contest(contested(link), Outcome.FIRST, REASON, rita, later(1))
    turned = links_now().get(asset=link.original)
    again = contest(turned, "Mine is in the book of 2019.", user_of(link.original.contributor), later(2))
    decide_contest(again, Outcome.FIRST, REASON, rita, later(3))
    assert original_of(link.asset_id, later(3)) == link.original_id
    assert original_of(link.asset_id, later(2)) == link.asset_id


def test_a_decision_counts_only_after_every_list_that_is_written(
    link: NearDuplicate, rita: User, carla: Customer
) -> None:
    """Otherwise a list would not be recomputed as it was."""
    download = make_download(carla, make_generation(make_generator_model(make_training_set())))
    listed = make_inspiration_list(download, {link.original: 1_000_000}, make_encoder())
    decision = decide_contest(contested(link), Outcome.INDEPENDENT, REASON, rita, listed.batch.finished_at)
    assert decision.decided_at > listed.batch.finished_at


def test_only_the_owner_of_the_later_picture_contests(link: NearDuplicate, rita: User) -> None:
    for other in (user_of(link.original.contributor), rita):
        with pytest.raises(CannotContest, match="only its owner"):
            contest(link, STATEMENT, other, SOLD_AT)
    with pytest.raises(ValueError, match="say why it is no copy"):
        contest(link, "  ", user_of(link.asset.contributor), SOLD_AT)
    assert not Contest.objects.exists()


def test_a_link_is_contested_once_and_not_after_it_has_ended(link: NearDuplicate, rita: User) -> None:
    one = contested(link)
    with pytest.raises(CannotContest, match="contested before"):
        contested(link)
    decide_contest(one, Outcome.INDEPENDENT, REASON, rita, later(1))
    with pytest.raises(CannotContest, match="any more"):
        contested(link)


def test_nobody_decides_of_their_own_pictures_and_only_reviewers_do(link: NearDuplicate, fay: User) -> None:
    one = contested(link)
    both = [user_of(link.original.contributor), user_of(link.asset.contributor)]
    for user in both:
        user.groups.add(*make_user(f"{user.username}-2", "reviewer").groups.all())
    for user in (*both, fay):
        with pytest.raises(CannotDecide, match="a reviewer can"):
            decide_contest(one, Outcome.INDEPENDENT, REASON, user, later(1))
    assert not ContestDecision.objects.exists()


def test_a_decision_has_a_reason_and_is_final(link: NearDuplicate, rita: User) -> None:
    one = contested(link)
    with pytest.raises(ValueError, match="needs a reason"):
        decide_contest(one, Outcome.STANDS, " ", rita, later(1))
    decide_contest(one, Outcome.STANDS, REASON, rita, later(1))
    with pytest.raises(CannotDecide, match="already"):
        decide_contest(one, Outcome.INDEPENDENT, REASON, rita, later(2))
    for record in (Contest, ContestDecision):
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            record._default_manager.all()._raw_delete(using="default")


def test_the_owner_sees_both_pictures_in_small_with_the_regions_and_contests(
    client: Client, link: NearDuplicate, ben: Contributor
) -> None:
    client.force_login(user_of(ben))
    assert f'href="/assets/{link.asset_id}/copy/"' in client.get("/contributor/images/").content.decode()
    page = client.get(f"/assets/{link.asset_id}/copy/").content.decode()
    assert f'src="/assets/{link.original_id}/thumbnail.jpg"' in page
    assert page.count('points="0.1,0.1 0.9,0.1') == 4
    assert "Ana" not in page
    assert client.get(f"/assets/{link.original_id}/preview.jpg").status_code == 404
    address = f"/assets/{link.asset_id}/copy/{link.pk}/contest/"
    page = client.post(address, {"statement": ""}, follow=True).content.decode()
    assert "Nothing was sent" in page
    page = client.post(address, {"statement": "<b>mine</b>"}, follow=True).content.decode()
    assert "&lt;b&gt;mine&lt;/b&gt;" in page
    assert "waits for a reviewer" in page
    assert "contested before" in client.post(address, {"statement": "again"}, follow=True).content.decode()


def test_nobody_else_finds_the_owners_page_or_contests_there(
    client: Client, link: NearDuplicate, ana: Contributor, carla: Customer, rita: User
) -> None:
    for user in (user_of(ana), carla.user, rita):
        assert user is not None
        client.force_login(user)
        assert client.get(f"/assets/{link.asset_id}/copy/").status_code == 404
        address = f"/assets/{link.asset_id}/copy/{link.pk}/contest/"
        assert client.post(address, {"statement": STATEMENT}).status_code == 404
    assert not Contest.objects.exists()


def test_the_reviewer_sees_both_pictures_and_decides_and_the_owner_reads_why(
    client: Client, link: NearDuplicate, rita: User, ben: Contributor
) -> None:
    one = contested(link)
    client.force_login(rita)
    assert f'href="/contests/{one.pk}/"' in client.get("/contests/").content.decode()
    page = client.get(f"/contests/{one.pk}/").content.decode()
    for asset_id in (link.asset_id, link.original_id):
        assert f'src="/assets/{asset_id}/preview.jpg"' in page
        assert client.get(f"/assets/{asset_id}/preview.jpg").getvalue()
    assert STATEMENT in page
    address = f"/contests/{one.pk}/decide/"
    assert "Nothing was decided" in client.post(address, {"outcome": "first"}, follow=True).content.decode()
    client.post(address, {"outcome": "independent", "reason": REASON})
    page = client.post(address, {"outcome": "stands", "reason": REASON}, follow=True).content.decode()
    assert "decided already" in page
    client.force_login(user_of(ben))
    page = client.get(f"/assets/{link.asset_id}/copy/").content.decode()
    assert REASON in page
    assert "Counted as a copy until" in page
    assert "/copy/" not in client.get("/contributor/images/").content.decode()


def test_contests_are_nobodys_business_but_the_reviewers(
    client: Client, link: NearDuplicate, ana: Contributor, ben: Contributor, carla: Customer, fay: User
) -> None:
    one = contested(link)
    for user in (user_of(ana), user_of(ben), carla.user, fay):
        assert user is not None
        client.force_login(user)
        assert client.get("/contests/").status_code == 404
        assert client.get(f"/contests/{one.pk}/").status_code == 404
        posted = client.post(f"/contests/{one.pk}/decide/", {"outcome": "first", "reason": REASON})
        assert posted.status_code == 404
    assert not ContestDecision.objects.exists()
