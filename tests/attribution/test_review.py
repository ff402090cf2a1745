"""The reviewer's pages: the evidence beside the form, and whose business they are."""

import pytest
from django.conf import LazySettings
from django.test import Client

from attribution.copies import check_copies
from marketplace.core.release import Decision, SaleState
from marketplace.logins import give_second_factor
from marketplace.models import Contributor, Customer, Generation, OutputCheck, OutputDecision, User
from marketplace.output_checks import sale_states
from tests.attribution.copying import (
    drawn,
    holding,
    make_configured_encoder,
    make_drawn_assets,
    make_generation_of,
)
from tests.builders import CLOSED_AT, make_generator_model, make_training_set, make_user


@pytest.fixture
def held(ana: Contributor, ben: Contributor, settings: LazySettings) -> list[Generation]:
    """Two generations that hold a piece of Ana's and of Ben's work."""
    settings.ENCODER_RECIPE = "compact"
    encoder = make_configured_encoder()
    make_drawn_assets([ana, ben], encoder)
    model = make_generator_model(make_training_set())
    made = [make_generation_of(holding(drawn(number)), model, encoder) for number in range(2)]
    assert check_copies(CLOSED_AT) == 2
    return made


def check_of(generation: Generation) -> OutputCheck:
    return generation.output_checks.get()


def test_the_reviewer_sees_both_pictures_with_the_region_and_decides_with_a_reason(
    client: Client, rita: User, ana: Contributor, held: list[Generation]
) -> None:
    first, second = (check_of(generation) for generation in held)
    client.force_login(rita)
    queue = client.get("/review/").content.decode()
    assert f'href="/review/{first.pk}/"' in queue
    assert f'href="/review/{second.pk}/"' in queue
    page = client.get(f"/review/{first.pk}/").content.decode()
    asset = ana.assets.get()
    for address in (f"/generations/{held[0].pk}/preview.jpg", f"/assets/{asset.pk}/preview.jpg"):
        assert f'src="{address}"' in page
        assert client.get(address).getvalue(), "shown to the reviewer"
    match = first.copy_check.matches.get()
    for region in (match.generation_region, match.asset_region):
        assert f'points="{region[0][0]},{region[0][1]} ' in page
    assert "by Ana" in page

    answer = client.post(f"/review/{first.pk}/decide/", {"decision": "upheld", "reason": "The same <b>lighthouse</b>."})
    assert answer.headers["location"] == f"/review/{second.pk}/", "what waits next"
    decided = OutputDecision.objects.get()
    assert (decided.output_check, decided.decision, decided.decided_by) == (first, Decision.UPHELD, rita)
    assert sale_states([held[0]])[held[0].pk] is SaleState.REFUSED
    answer = client.post(f"/review/{second.pk}/decide/", {"decision": "cleared", "reason": "A tiny piece."})
    assert answer.headers["location"] == "/review/"
    assert sale_states([held[1]])[held[1].pk] is SaleState.FOR_SALE
    queue = client.get("/review/").content.decode()
    assert "Copy incidents: 1" in queue
    assert "The same &lt;b&gt;lighthouse" in queue


@pytest.mark.parametrize("form", [{"decision": "cleared"}, {"reason": "x"}, {"decision": "sell", "reason": "x"}])
def test_an_incomplete_decision_decides_nothing_and_says_so(
    client: Client, rita: User, held: list[Generation], form: dict[str, str]
) -> None:
    client.force_login(rita)
    answer = client.post(f"/review/{check_of(held[0]).pk}/decide/", form, follow=True)
    assert "Nothing was decided" in answer.content.decode()
    assert not OutputDecision.objects.exists()


def test_finance_may_read_but_not_decide_and_nobody_else_may_do_either(
    client: Client, fay: User, ana: Contributor, carla: Customer, held: list[Generation]
) -> None:
    address = f"/review/{check_of(held[0]).pk}/"
    form = {"decision": "cleared", "reason": "I want it."}
    client.force_login(fay)
    assert 'name="reason"' not in client.get(address).content.decode()
    assert client.post(f"{address}decide/", form).status_code == 404
    buying_reviewer = carla.user
    assert buying_reviewer is not None
    for person in (ana.user, buying_reviewer):
        assert person is not None
        client.force_login(person)
        assert [client.get(page).status_code for page in ("/review/", address)] == [404, 404]
        assert client.post(f"{address}decide/", form).status_code == 404
    buying_reviewer.groups.add(make_user("rita", "reviewer").groups.get())
    give_second_factor(buying_reviewer)
    client.force_login(buying_reviewer)
    assert client.post(f"{address}decide/", form).status_code == 404, "whoever buys does not review"
    assert not OutputDecision.objects.exists()
