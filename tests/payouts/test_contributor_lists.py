"""A contributor's lists: their order, their filters, and as many queries for ten times as many rows."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace.core.removals import RemovalKind
from marketplace.models import Contributor, Customer, User
from marketplace.removals import ThirdParty, open_case
from payouts.earnings import earned_by_asset
from tests.builders import SOLD_AT, jpeg_bytes, link_copy, make_asset, make_picture, submit
from tests.payouts.selling import Shop
from tests.payouts.test_pages import log_in

LISTS = (
    "/contributor/",
    "/contributor/images/",
    "/contributor/statements/",
    "/contributor/payouts/",
    "/contributor/objections/",
)


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    return shop


def titles(client: Client, query: str = "") -> list[int]:
    return [row["submission"].pk for row in client.get(f"/contributor/images/{query}").context["rows"]]


def test_images_come_by_what_they_earned_or_as_asked(client: Client, shop: Shop) -> None:
    shop.close_october()
    broken = submit(shop.ana, b"not a picture", title="Broken")
    log_in(client, shop.ana)
    earned = earned_by_asset(shop.ana, "USD")
    best = max(earned, key=earned.__getitem__)
    assert (
        titles(client)[0] == shop.of_ana[0].submission_id == next(a for a in shop.of_ana if a.pk == best).submission_id
    )
    assert titles(client, "?order=newest")[0] == broken.pk
    assert titles(client, "?order=state")[-1] == broken.pk
    assert titles(client, "?state=unreadable") == [broken.pk]
    page = client.get("/contributor/images/?state=reject").content.decode()
    assert "None of your images is in this state." in page
    assert titles(client, "?state=nonsense&order=nonsense&page=99") == titles(client)


def test_an_image_that_a_removal_case_withholds_is_marked_in_the_list(client: Client, shop: Shop) -> None:
    stranger = ThirdParty("tom@example.org", "https://example.org/page")
    open_case(shop.of_ana[0], RemovalKind.TAKEDOWN, "It is mine.", stranger, SOLD_AT)
    log_in(client, shop.ana)
    page = client.get("/contributor/images/").content.decode()
    assert page.count("withheld: a removal case") == 1
    assert f'href="/contributor/images/{shop.of_ana[0].pk}/removal/"' in page


def test_an_image_has_a_page_with_all_that_it_earned_and_where_it_is_used(client: Client, shop: Shop) -> None:
    shop.close_october()
    log_in(client, shop.ana)
    asset = shop.of_ana[0]
    response = client.get(f"/contributor/images/{asset.pk}/")
    page = response.content.decode()
    assert sum(micro for _, micro, _ in response.context["lines"]) == earned_by_asset(shop.ana, "USD")[asset.pk]
    assert "2.330400 USD" in page
    assert "catalogue 1" in page  # the training set
    assert "Given, since Sep 1, 2026" in page
    assert "No copy of it" in page
    assert f'href="/downloads/{shop.sold[0].pk}/why/"' in page
    assert "It has earned nothing" in client.get(f"/contributor/images/{shop.of_ana[1].pk}/").content.decode()
    link_copy(shop.of_ana[1], asset, SOLD_AT)
    assert "It is the original: 1 later upload" in client.get(f"/contributor/images/{asset.pk}/").content.decode()


def test_nobody_finds_the_image_of_somebody_else(client: Client, shop: Shop) -> None:
    for person in (shop.ben, shop.carla, shop.fay):
        log_in(client, person)
        assert client.get(f"/contributor/images/{shop.of_ana[0].pk}/").status_code == 404


def test_contributors_alone_have_these_pages(client: Client, shop: Shop) -> None:
    log_in(client, shop.fay)
    paths = (*LISTS, "/contributor/what-if/", "/contributor/tiles/")
    assert {client.get(path).status_code for path in paths} == {404}


@pytest.mark.parametrize("path", LISTS)
def test_ten_times_as_much_takes_as_many_queries(client: Client, shop: Shop, path: str) -> None:
    submit(shop.ana, b"not a picture", title="Broken")
    shop.close_october()
    log_in(client, shop.ana)
    client.get(path)  # what is cached for good
    before = _queries(client, path)
    for number in range(10):
        make_asset(shop.ana)
        submit(shop.ana, b"not a picture %d" % number, title="Broken")
        rejected = submit(shop.ana, jpeg_bytes(make_picture()))
        rejected.verdict = "reject"
        rejected.save(update_fields=["verdict"])
    assert _queries(client, path) <= before


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_the_figures_on_top_are_renewed_by_themselves(client: Client, shop: Shop) -> None:
    log_in(client, shop.ana)
    assert 'hx-get="/contributor/tiles/" hx-trigger="every 30s"' in client.get("/contributor/").content.decode()
    tiles = client.get("/contributor/tiles/").content.decode()
    assert "Payable balance" in tiles
    assert "<html" not in tiles


def test_before_anything_happened_each_page_says_what_will_be_there(client: Client, ana: Contributor) -> None:
    log_in(client, ana)
    for path, says in (
        ("/contributor/", "Nothing has been sold yet"),
        ("/contributor/images/", "You have not submitted any images yet."),
        ("/contributor/statements/", "No statement was issued to you yet."),
        ("/contributor/payouts/", "No payout run had your balance in it yet."),
        ("/contributor/objections/", "You have objected to nothing"),
        ("/contributor/what-if/", "No month is closed yet"),
    ):
        assert says in client.get(path).content.decode(), path
