"""Reviewers see what a removal touches, and customers are told whose licences it affects."""

import pytest
from django.test import Client

from attribution import contests
from attribution.models import Encoder
from attribution.removals import affected_downloads, decide_and_tell
from attribution.selectors import most_resembled
from marketplace.core.removals import RemovalKind, RemovalOutcome, RemovalRefused
from marketplace.models import Asset, Contributor, Customer, CustomerNotice, GeneratorModel, RemovalCase, User
from marketplace.removals import ThirdParty, open_case
from tests.builders import (
    CLOSED_AT,
    SOLD_AT,
    embed_asset,
    embed_generation,
    link_copy,
    make_asset,
    make_customer,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
    unit_vector,
)

PARTY = ThirdParty("tom@example.org", "")
REMOVED, KEPT = RemovalOutcome.REMOVED, RemovalOutcome.KEPT


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana, title="Harbour")


@pytest.fixture
def encoder(db: None) -> Encoder:
    return make_encoder()


@pytest.fixture
def model(asset: Asset) -> GeneratorModel:
    return make_generator_model(make_training_set(), "Painter")


def licence(customer: Customer, model: GeneratorModel, encoder: Encoder, shares_ppm: dict[Asset, int]) -> int:
    download = make_download(customer, make_generation(model))
    make_inspiration_list(download, shares_ppm, encoder)
    return download.pk


def test_customers_are_told_once_of_all_their_licences_that_resemble_a_removed_image(
    asset: Asset, model: GeneratorModel, encoder: Encoder, carla: Customer, rita: User, ana: Contributor
) -> None:
    dora, other = make_customer("Dora"), make_asset(ana)
    first = licence(carla, model, encoder, {other: 300_000, asset: 100_000})
    second = licence(carla, model, encoder, {asset: 900_000})
    licence(carla, model, encoder, {asset: 99_999})
    licence(dora, model, encoder, {other: 900_000})
    case = open_case(asset, RemovalKind.PRIVACY, "It shows me.", PARTY, SOLD_AT)
    decide_and_tell(case, REMOVED, "It does.", rita, CLOSED_AT)
    notice = CustomerNotice.objects.get()
    assert (notice.customer, notice.download_ids) == (carla, [first, second])
    assert f"or hold a part of it: {first}, {second}. Your licence stays as it is." in notice.text
    assert "because it shows somebody who did not agree" in notice.text
    with pytest.raises(RemovalRefused, match="decided already"):
        decide_and_tell(case, REMOVED, "Again.", rita, CLOSED_AT)
    assert CustomerNotice.objects.count() == 1


@pytest.mark.parametrize(("kind", "outcome"), [("privacy", KEPT), ("takedown", REMOVED)])
def test_nobody_is_told_where_it_is_kept_or_its_contributor_takes_it_away(
    asset: Asset,
    model: GeneratorModel,
    encoder: Encoder,
    carla: Customer,
    rita: User,
    ana: Contributor,
    kind: str,
    outcome: RemovalOutcome,
) -> None:
    licence(carla, model, encoder, {asset: 900_000})
    assert ana.user
    case = open_case(asset, RemovalKind(kind), "Please.", ana.user, SOLD_AT)
    decide_and_tell(case, outcome, "As it is.", rita, CLOSED_AT)
    assert not CustomerNotice.objects.exists()
    assert len(affected_downloads(asset)) == 1


def test_the_preview_before_a_licence_shows_no_withheld_image(asset: Asset, ana: Contributor, encoder: Encoder) -> None:
    other = make_asset(ana)
    for place, one in enumerate((asset, other)):
        embed_asset(one, encoder, unit_vector(*([0] * place), 1))
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, encoder, unit_vector(0.8, 0.6))
    assert [one for one, _ in most_resembled(generation, 6)] == [asset, other]
    open_case(asset, RemovalKind.PRIVACY, "It shows me.", PARTY, SOLD_AT)
    assert [one for one, _ in most_resembled(generation, 6)] == [other]


def test_what_is_in_a_removal_case_cannot_be_contested_until_it_is_decided(
    asset: Asset, ben: Contributor, rita: User
) -> None:
    copy = make_asset(ben)
    link = link_copy(copy, asset, SOLD_AT)
    case = open_case(asset, RemovalKind.RIGHTS, "It is mine.", PARTY, SOLD_AT)
    assert ben.user
    with pytest.raises(contests.CannotContest, match="in a removal case: wait until that is decided"):
        contests.contest(link, "It is my own.", ben.user, SOLD_AT)
    decide_and_tell(case, KEPT, "It is hers.", rita, CLOSED_AT)
    contests.contest(link, "It is my own.", ben.user, CLOSED_AT)


def test_a_reviewer_works_through_a_case_from_report_to_decision(
    client: Client, asset: Asset, model: GeneratorModel, encoder: Encoder, carla: Customer, rita: User
) -> None:
    licence(carla, model, encoder, {asset: 900_000})
    case = open_case(None, RemovalKind.RIGHTS, "It is mine.", PARTY, SOLD_AT)
    client.force_login(rita)
    assert "has to be found" in client.get("/removals/").content.decode()
    address = f"/removals/{case.pk}/"
    assert "no image with this number" in client.post(f"{address}image/", {"asset": 0}, follow=True).content.decode()
    page = client.post(f"{address}image/", {"asset": asset.pk}, follow=True).content.decode()
    for words in (
        "Harbour",
        "Painter 1</a> (on sale)",
        "1 licence is of a generation",
        "taken back through the ledger",
    ):
        assert words in page
    refused = client.post(f"{address}decide/", {"outcome": "removed"}, follow=True).content.decode()
    assert "Nothing was decided: write a reason" in refused
    page = client.post(f"{address}decide/", {"outcome": "removed", "reason": "It is."}, follow=True).content.decode()
    assert f"Case {case.pk} is decided." in page
    again = client.post(f"{address}decide/", {"outcome": "kept", "reason": "No."}, follow=True).content.decode()
    assert "decided already" in again
    assert "Your licence stays as it is" in again


def test_a_reviewer_opens_a_case_and_leaves_it_to_another(client: Client, asset: Asset, rita: User) -> None:
    client.force_login(rita)
    nothing = client.post("/removals/", {"asset": "x"}, follow=True).content.decode()
    assert "Nothing was opened: give the number" in nothing
    filled = {"asset": asset.pk, "kind": "rights dispute", "statement": "Seen elsewhere."}
    page = client.post("/removals/", filled, follow=True).content.decode()
    assert "the image is withheld" in page
    assert "You opened this case: another reviewer decides." in page
    assert RemovalCase.objects.get().opened_by == rita


def test_nobody_but_reviewers_has_these_pages(client: Client, asset: Asset, ana: Contributor, fay: User) -> None:
    case = open_case(asset, RemovalKind.RIGHTS, "It is mine.", PARTY, SOLD_AT)
    for user in (ana.user, fay):
        assert user
        client.force_login(user)
        assert client.get("/removals/").status_code == client.get(f"/removals/{case.pk}/").status_code == 404
        assert client.post(f"/removals/{case.pk}/decide/", {"outcome": "kept", "reason": "x"}).status_code == 404
        assert client.post(f"/removals/{case.pk}/image/", {"asset": asset.pk}).status_code == 404
