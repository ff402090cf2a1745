"""Nothing is sold that was not compared with the training set, or that was found a copy and not cleared."""

from itertools import product
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, transaction
from django.test import Client

from marketplace.core.release import WHY_NOT_FOR_SALE, Decision, Outcome, SaleState, sale_state
from marketplace.models import Contributor, Customer, Download, Generation, OutputCheck, User
from marketplace.output_checks import (
    NotAReviewer,
    NotForSale,
    copy_incidents,
    decide_output,
    record_output_check,
    sale_states,
    waiting_for_review,
)
from marketplace.services import record_download
from tests.builders import (
    CLOSED_AT,
    SOLD_AT,
    make_asset,
    make_generation,
    make_generator_model,
    make_training_set,
)

FOR_SALE = {
    (Outcome.CLEAR, None),
    (Outcome.REVIEW, None),
    (Outcome.CLEAR, Decision.CLEARED),
    (Outcome.REVIEW, Decision.CLEARED),
    (Outcome.BLOCKED, Decision.CLEARED),
}
COMBINATIONS = [(None, None), *product(Outcome, [None, *Decision])]


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    """Not checked yet."""
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()), is_checked=False)


def check(generation: Generation, outcome: Outcome) -> OutputCheck:
    return record_output_check(generation, outcome, "Image 7: 40 points agree.", SOLD_AT)


def buy(customer: Customer, generation: Generation, key: str = "a key") -> Download:
    return record_download(customer, generation, gross_minor=900, currency="USD", at=SOLD_AT, idempotency_key=key)


@pytest.mark.parametrize(("outcome", "decision"), COMBINATIONS)
def test_the_service_and_the_database_sell_the_same_and_nothing_else(
    carla: Customer, rita: User, generation: Generation, outcome: Outcome | None, decision: Decision | None
) -> None:
    if outcome:
        found = check(generation, outcome)
        if decision:
            decide_output(found, decision, "I looked.", rita, SOLD_AT)
    is_for_sale = (outcome, decision) in FOR_SALE
    state = sale_state(outcome, decision)
    assert (state is SaleState.FOR_SALE) == is_for_sale
    assert sale_states([generation]) == {generation.pk: state}
    past_the_service = Download(
        customer=carla,
        generation=generation,
        gross_minor=900,
        currency="USD",
        downloaded_at=SOLD_AT,
        idempotency_key=str(uuid4()),
    )
    if is_for_sale:
        past_the_service.save()
        buy(carla, generation)
        assert Download.objects.count() == 2
    else:
        with pytest.raises(DatabaseError, match="is not for sale"), transaction.atomic():
            past_the_service.save()
        with pytest.raises(NotForSale, match="cannot be licensed"):
            buy(carla, generation)
        assert not Download.objects.exists()


def test_the_newest_check_and_the_newest_decision_of_it_count(
    carla: Customer, rita: User, generation: Generation
) -> None:
    first = check(generation, Outcome.BLOCKED)
    decide_output(first, Decision.CLEARED, "No copy.", rita, SOLD_AT)
    decide_output(first, Decision.UPHELD, "I had the wrong picture before me.", rita, SOLD_AT)
    assert sale_states([generation])[generation.pk] is SaleState.REFUSED
    decide_output(first, Decision.CLEARED, "No copy after all.", rita, SOLD_AT)
    assert buy(carla, generation, "first")
    check(generation, Outcome.BLOCKED)
    assert sale_states([generation])[generation.pk] is SaleState.HELD
    with pytest.raises(DatabaseError, match="is not for sale"), transaction.atomic():
        Download.objects.create(
            customer=carla, generation=generation, gross_minor=1, currency="USD", downloaded_at=SOLD_AT
        )
    assert buy(carla, generation, "first").pk, "a sale that was made stays one: its key returns it"


def test_only_reviewers_who_buy_nothing_decide_and_only_with_a_reason(
    carla: Customer, fay: User, ana: Contributor, rita: User, generation: Generation
) -> None:
    found = check(generation, Outcome.BLOCKED)
    buyer, contributor = carla.user, ana.user
    assert buyer is not None
    assert contributor is not None
    buyer.groups.add(rita.groups.get())
    for person in (buyer, contributor, fay):
        with pytest.raises(NotAReviewer, match="cannot decide this"):
            decide_output(found, Decision.CLEARED, "I like it.", person, SOLD_AT)
    with pytest.raises(ValueError, match="needs a reason"):
        decide_output(found, Decision.CLEARED, "  ", rita, SOLD_AT)
    assert not found.decisions.exists()


def test_what_was_found_and_decided_cannot_be_changed_or_deleted(rita: User, generation: Generation) -> None:
    found = check(generation, Outcome.BLOCKED)
    decided = decide_output(check(generation, Outcome.BLOCKED), Decision.UPHELD, "A copy.", rita, SOLD_AT)
    for record, field, value in ((found, "outcome", Outcome.CLEAR), (decided, "decision", Decision.CLEARED)):
        setattr(record, field, value)
        for change in (record.save, record.delete):
            with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
                change()


def test_a_reviewer_finds_what_waits_with_what_blocks_a_sale_first_and_then_the_incidents(
    rita: User, generation: Generation
) -> None:
    others = [make_generation(generation.generator_model, is_checked=False) for _ in range(3)]
    possible = check(generation, Outcome.REVIEW)
    check(others[0], Outcome.BLOCKED)
    again = check(others[0], Outcome.BLOCKED)
    blocked = check(others[1], Outcome.BLOCKED)
    check(others[2], Outcome.CLEAR)
    assert list(waiting_for_review()) == [again, blocked, possible]
    decide_output(again, Decision.UPHELD, "A copy.", rita, CLOSED_AT)
    decide_output(blocked, Decision.UPHELD, "A copy.", rita, CLOSED_AT)
    decide_output(blocked, Decision.CLEARED, "On second thoughts, no copy.", rita, CLOSED_AT)
    assert list(waiting_for_review()) == [possible]
    assert [incident.output_check for incident in copy_incidents()] == [again]


def test_what_was_upheld_stays_refused_after_a_new_check_until_a_reviewer_clears_it(
    carla: Customer, rita: User, generation: Generation
) -> None:
    decide_output(check(generation, Outcome.BLOCKED), Decision.UPHELD, "A copy.", rita, SOLD_AT)
    later = check(generation, Outcome.CLEAR)
    assert sale_states([generation])[generation.pk] is SaleState.REFUSED
    with pytest.raises(DatabaseError, match="is not for sale"), transaction.atomic():
        Download.objects.create(
            customer=carla, generation=generation, gross_minor=1, currency="USD", downloaded_at=SOLD_AT
        )
    assert copy_incidents().count() == 1
    decide_output(later, Decision.CLEARED, "The new check is right.", rita, CLOSED_AT)
    assert buy(carla, generation)
    assert not copy_incidents().exists()


@pytest.mark.parametrize("state", [SaleState.UNCHECKED, SaleState.HELD, SaleState.REFUSED])
def test_the_customer_is_told_why_it_cannot_be_licensed(
    client: Client, carla: Customer, rita: User, generation: Generation, state: SaleState, settings: LazySettings
) -> None:
    settings.STRIPE_API_KEY = "sk_test_never_asked"
    if state is not SaleState.UNCHECKED:
        found = check(generation, Outcome.BLOCKED)
        if state is SaleState.REFUSED:
            decide_output(found, Decision.UPHELD, "A copy.", rita, SOLD_AT)
    assert carla.user is not None
    client.force_login(carla.user)
    page = client.get(f"/generations/{generation.pk}/").content.decode()
    assert WHY_NOT_FOR_SALE[state] in page
    assert "License for" not in page
    assert "not for sale yet" in client.get("/generations/").content.decode()
    answer = client.post(f"/generations/{generation.pk}/license/", {"form_key": str(uuid4())}, follow=True)
    assert f"Generation {generation.pk} cannot be licensed. {WHY_NOT_FOR_SALE[state]}" in answer.content.decode()
    assert not Download.objects.exists()
