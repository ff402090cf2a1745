"""One of each thing that the site's addresses can name, and everybody whom the table of permissions is about."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from attribution.contests import contest
from attribution.models import CopyCheck, Encoder, Method
from marketplace.api_tokens import make_token
from marketplace.core.release import Outcome
from marketplace.core.removals import RemovalKind
from marketplace.core.scopes import Scope
from marketplace.core.terms import Audience
from marketplace.core.webhooks import Event
from marketplace.delivering import deliver
from marketplace.invitations import Invited, invite
from marketplace.models import Contributor, Customer, Role, User
from marketplace.output_checks import record_output_check
from marketplace.projects import create_project, put_into_project
from marketplace.prompts.checking import check_prompt
from marketplace.removals import ThirdParty, open_case
from marketplace.reports import Reporter, report_image, signer
from marketplace.requesting import request_generation
from marketplace.terms import require_terms
from marketplace.webhook_outbox import add_endpoint
from payouts.core.reconciling import Difference, FindingKind
from payouts.findings import record_findings
from payouts.holds import place_hold
from payouts.models import Finding, Order, ShareClaim
from payouts.runs import draft_payout_run
from tests.builders import (
    CLOSED_AT,
    OCTOBER,
    SOLD_AT,
    link_copy,
    make_asset,
    make_attributed_downloads,
    make_closed_month,
    make_customer,
    make_generation,
    make_user,
    submit,
)


def make_one_of_each(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> dict[str, Any]:
    """Make them, and say what stands in an address for each: `asset_id`, or `asset_id of contest` for one address only.

    The things are Ana's or of Carla's purchases.
    """
    make_customer("Dora")
    make_user("rita", "reviewer")
    boss = make_user("boss", is_superuser=True)
    make_user("nobody")
    ana_user, carla_user = ana.user, carla.user
    assert ana_user is not None
    assert carla_user is not None
    download = make_attributed_downloads([ana], carla, count=1)[0]
    asset = ana.assets.get()
    make_closed_month(fay, finn)
    hold = place_hold(ana, 1, "Looked into.", fay, "1", timezone.now())
    run = draft_payout_run(fay, CLOSED_AT)
    record_findings([Difference(FindingKind.SENT_UNASKED, "transfer tr_1", "It is unknown.")], CLOSED_AT, run)
    model = download.generation.generator_model
    wish = request_generation(carla, model, "a quiet morning", 7, uuid4(), SOLD_AT)
    order = Order.objects.create(
        customer=carla,
        generation=download.generation,
        form_key=uuid4(),
        price_minor=990,
        currency="USD",
        terms=model.licence,
        accepted_terms=require_terms(carla_user, Audience.CUSTOMER),
        opened_at=SOLD_AT,
        expires_at=CLOSED_AT,
    )
    held = make_generation(model, is_checked=False)
    check = record_output_check(held, Outcome.BLOCKED, "It may hold a copy.", SOLD_AT)
    CopyCheck.objects.create(
        generation=held,
        output_check=check,
        method=Method.objects.get(),
        encoder=Encoder.objects.get(),
        tier="possible_copy",
        compared_count=1,
        tools={},
        checked_at=SOLD_AT,
    )
    link = link_copy(make_asset(ana), asset, SOLD_AT)
    claim = ShareClaim.objects.create(
        download=download, asset=link.asset, statement="It is mine.", claimed_by=ana_user, claimed_at=SOLD_AT
    )
    project = create_project(carla, "Campaign", SOLD_AT)
    put_into_project(project, [download], SOLD_AT)
    contested = contest(link, "I took it myself.", ana_user, SOLD_AT)
    unreadable = submit(ana, b"no picture at all")
    stranger = ThirdParty("tom@example.org", "https://example.org/page")
    case = open_case(None, RemovalKind.PRIVACY, "It shows me.", stranger, SOLD_AT)
    by = Reporter("tom@example.org", AnonymousUser(), "en")
    report = report_image(asset, RemovalKind.PRIVACY, "It shows me.", "", by, timezone.now())
    _, token = invite(Invited("new@example.org", Role.CUSTOMER, "New"), boss, timezone.now())
    return {
        "asset_id": asset.pk,
        "asset_id of contest": link.asset_id,
        "case_id": case.pk,
        "check_id": check_prompt("a pornographic picture", carla_user, SOLD_AT).pk,
        "certificate_id": deliver(download, "JPEG", None, SOLD_AT).certificate_id,
        "claim_id": claim.pk,
        "contest_id": contested.pk,
        "contributor_id": ana.pk,
        "download_id": download.pk,
        "endpoint_id": add_endpoint(ana_user, "https://example.org/", list(Event), SOLD_AT).pk,
        "extension": "jpg",
        "finding_id": Finding.objects.get().pk,
        "generation_id": download.generation_id,
        "hold_id": hold.pk,
        "key": "no-such-key",
        "link_id": link.pk,
        "model_id": model.pk,
        "month": OCTOBER,
        "order_id": order.pk,
        "output_check_id": check.pk,
        "payout_id": run.payouts.get(contributor=ana).pk,
        "project_id": project.pk,
        "request_id": wish.pk,
        "run_id": run.pk,
        "sha256": model.cards.latest("pk").sha256,
        "submission_id": asset.submission_id,
        "submission_id of appeal": unreadable.pk,
        "token": token,
        "token of confirm_report": signer.sign(str(report.pk)),
        "token_id": make_token(ana_user, "backup", [Scope.ASSETS_READ], 30, SOLD_AT)[0].pk,
        "uidb36": "1",
    }
