"""Who is missing from an inspiration list claims a share; a reviewer decides once, and what is granted is credited."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from marketplace.models import Contributor, Customer, Mail, User
from payouts.claims import ClaimRefused, claim_share, decide_claim
from payouts.core.ledger import AccountKind
from payouts.models import Adjustment, ShareClaim
from payouts.refunds import record_refund
from tests.builders import CLOSED_AT, make_contributor, make_download, make_generation
from tests.payouts.selling import IN_NOVEMBER, Shop, balances, off
from tests.payouts.test_pages import log_in


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """October is closed. Of its two downloads Ana's first image is on the list of the first one only."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    shop.close_october()
    return shop


def claimed(shop: Shop) -> ShareClaim:
    assert shop.ana.user is not None
    return claim_share(shop.sold[1], shop.of_ana[0], "That is my harbour.", shop.ana.user, IN_NOVEMBER)


def test_a_granted_claim_is_credited_by_an_adjusting_entry_and_the_closed_month_stays(shop: Shop, rita: User) -> None:
    before = balances(AccountKind.PAYABLE)
    decision = decide_claim(claimed(shop), 250_000, "The same quay.", rita, IN_NOVEMBER)
    # A quarter of 20.00 of the 30.00 that shared 11.652000.
    assert decision.adjustment is not None
    assert decision.adjustment.amount_micro == 1_942_000
    assert decision.adjustment.entry.idempotency_key == "adjustment:claim:1".replace("1", str(decision.claim_id))
    assert str(decision.adjustment.entry.origin_period) == "2026-10 USD"
    assert balances(AccountKind.PAYABLE) == before | {"Ana": before["Ana"] + 1_942_000}
    assert off() == []


def test_a_granted_claim_is_worth_what_refunds_left_of_the_download(shop: Shop, rita: User) -> None:
    record_refund(shop.sold[1], 500, "re_1", IN_NOVEMBER)
    decision = decide_claim(claimed(shop), 250_000, "The same quay.", rita, IN_NOVEMBER)
    # A quarter of the 15.00 that were left of 20.00, of the 30.00 that shared 11.652000.
    assert decision.adjustment is not None
    assert decision.adjustment.amount_micro == 1_456_500
    assert off() == []


def test_a_claim_on_a_download_that_was_wholly_refunded_credits_nothing(shop: Shop, rita: User) -> None:
    claim = claimed(shop)
    record_refund(shop.sold[1], 2_000, "re_1", IN_NOVEMBER)
    before = balances(AccountKind.PAYABLE)
    with pytest.raises(ClaimRefused, match="went back: nothing is left to share"):
        decide_claim(claim, 250_000, "The same quay.", rita, IN_NOVEMBER)
    assert balances(AccountKind.PAYABLE) == before
    assert decide_claim(claim, 0, "The customer has their money back.", rita, IN_NOVEMBER).adjustment is None


def test_a_refused_claim_posts_nothing(shop: Shop, rita: User) -> None:
    decision = decide_claim(claimed(shop), 0, "Another quay.", rita, IN_NOVEMBER)
    assert decision.adjustment is None
    assert not Adjustment.objects.exists()


def test_a_claim_is_decided_once_with_a_reason_and_by_a_reviewer_whose_image_it_is_not(shop: Shop, rita: User) -> None:
    claim = claimed(shop)
    for decided_by in (shop.fay, shop.ana.user):
        assert decided_by is not None
        with pytest.raises(ClaimRefused, match="cannot decide"):
            decide_claim(claim, 1, "Yes.", decided_by, IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="needs a reason"):
        decide_claim(claim, 1_000, " ", rita, IN_NOVEMBER)
    decide_claim(claim, 1_000, "Yes.", rita, IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="decided already"):
        decide_claim(claim, 0, "No.", rita, IN_NOVEMBER)


def test_what_cannot_be_claimed_is_refused_with_its_reason(shop: Shop) -> None:
    user = shop.ana.user
    assert user is not None
    first, second = shop.sold
    with pytest.raises(ClaimRefused, match="is on the inspiration list"):
        claim_share(first, shop.of_ana[0], "Mine.", user, IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="not yours"):
        claim_share(second, shop.of_ben, "Mine.", user, IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="Say what"):
        claim_share(second, shop.of_ana[0], "  ", user, IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="time to claim is over"):
        late = CLOSED_AT + timedelta(days=settings.APPEAL_DAYS)
        claim_share(second, shop.of_ana[0], "Mine.", user, late)
    november = shop.sell(1_000, 0, 500_000, IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="not closed yet"):
        claim_share(november, shop.of_ana[0], "Mine.", user, IN_NOVEMBER)
    unattributed = make_download(shop.carla, make_generation(shop.model), gross_minor=1_000, at=IN_NOVEMBER)
    with pytest.raises(ClaimRefused, match="not closed yet"):
        claim_share(unattributed, shop.of_ana[0], "Mine.", user, IN_NOVEMBER)
    claimed(shop)
    with pytest.raises(ClaimRefused, match="before"):
        claimed(shop)
    assert ShareClaim.objects.count() == 1


def test_a_contributor_claims_on_the_page_and_reads_what_came_of_it(client: Client, shop: Shop, rita: User) -> None:
    log_in(client, shop.ana)
    first, second = shop.sold
    asked = {"download": second.pk, "image": shop.of_ana[0].pk, "statement": "My harbour."}
    page = client.post("/contributor/claims/", asked)
    assert page.status_code == 400  # Ana is not on that list, so that she knows of no such download
    assert "No download that you know of" in page.content.decode()
    asked |= {"download": first.pk, "image": shop.of_ana[1].pk}
    answer = client.post("/contributor/claims/", asked, follow=True).content.decode()
    assert "Your claim is recorded" in answer
    assert "waits for a reviewer" in answer
    claim = ShareClaim.objects.get()
    log_in(client, rita)
    assert "My harbour." in client.get(f"/claims/{claim.pk}/").content.decode()
    grant = {"outcome": "granted", "share_percent": "10", "reason": "It is there."}
    assert "is decided" in client.post(f"/claims/{claim.pk}/decide/", grant, follow=True).content.decode()
    log_in(client, shop.ana)
    cases = client.get("/contributor/objections/").content.decode()
    assert "granted" in cases
    assert "It is there." in cases
    assert "0.388400 USD" in cases  # a tenth of 10.00 of the 30.00 that shared 11.652000
    assert f"adjustment:claim:{claim.pk}" in cases
    mail = Mail.objects.get(kind="claim_decided")
    assert (mail.recipient, mail.told["amount_micro"]) == (shop.ana.user, 388_400)


def test_a_decision_without_share_or_reason_decides_nothing(client: Client, shop: Shop, rita: User) -> None:
    claim = claimed(shop)
    log_in(client, rita)
    for filled in ({"outcome": "granted", "reason": "Yes."}, {"outcome": "granted", "share_percent": "200"}, {}):
        answer = client.post(f"/claims/{claim.pk}/decide/", filled, follow=True).content.decode()
        assert "Nothing was decided" in answer
    assert not hasattr(ShareClaim.objects.get(), "decision")


def test_only_reviewers_find_the_queue_and_only_contributors_the_form(client: Client, shop: Shop, rita: User) -> None:
    claim = claimed(shop)
    eve = make_contributor("Eve")
    for person, path, status in (
        (rita, "/claims/", 200),
        (rita, "/contributor/claims/", 404),
        (eve, "/claims/", 404),
        (eve, f"/claims/{claim.pk}/", 404),
        (eve, "/contributor/claims/", 200),
        (shop.fay, "/claims/", 404),
    ):
        log_in(client, person)
        assert client.get(path).status_code == status, (person, path)
    log_in(client, eve)
    assert client.post(f"/claims/{claim.pk}/decide/", {"outcome": "refused", "reason": "x"}).status_code == 404
