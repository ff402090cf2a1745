"""Everybody can see how much was refused, held and removed, and how often that was wrong or late."""

from datetime import timedelta

from django.test import Client

from marketplace.core.appeals import Decision as AppealDecision
from marketplace.core.prompts import PromptDecision
from marketplace.core.release import Decision, Outcome
from marketplace.core.removals import RemovalKind, RemovalOutcome
from marketplace.models import Appeal, Contributor, Submission, SubmissionDecision
from marketplace.output_checks import decide_output, record_output_check
from marketplace.prompts.checking import check_prompt
from marketplace.prompts.deciding import contest_prompt, decide_prompt
from marketplace.removals import ThirdParty, decide_case, open_case
from marketplace.safeguards import Outputs, Prompts, Removals, outputs, prompts, removals, uploads
from tests.builders import (
    CLOSED_AT,
    make_asset,
    make_customer,
    make_generation,
    make_generator_model,
    make_training_set,
    make_user,
)


def test_refused_uploads_and_won_appeals_are_counted(ana: Contributor, client: Client) -> None:
    def refused(sha256: str) -> Submission:
        return Submission.objects.create(
            contributor=ana,
            sha256=sha256 * 64,
            original="originals/x",
            file_name="x.jpg",
            title="x",
            keywords=[],
            licence="",
            submitted_at=CLOSED_AT,
            training_consent=False,
            verdict="reject",
        )

    refused("a")
    won = refused("b")
    appeal = Appeal.objects.create(submission=won, appealed_by=make_user("anna"), appealed_at=CLOSED_AT)
    SubmissionDecision.objects.create(
        submission=won,
        appeal=appeal,
        decision=AppealDecision.ACCEPTED,
        reason="A photograph.",
        decided_by=make_user("rita", "reviewer"),
        decided_at=CLOSED_AT,
    )
    counted = uploads()
    assert (counted.all, counted.refused, counted.appeals, counted.won) == (2, 1, 1, 1)


def test_held_and_refused_generations_are_counted_once_each(ana: Contributor) -> None:
    make_asset(ana)
    model = make_generator_model(make_training_set())
    fine, cleared, refused, waiting = (make_generation(model) for _ in range(4))
    rita = make_user("rita", "reviewer")
    for generation, decision in ((cleared, Decision.CLEARED), (refused, Decision.UPHELD), (waiting, None)):
        record_output_check(generation, Outcome.BLOCKED, "Near a copy.", CLOSED_AT)
        found = record_output_check(generation, Outcome.BLOCKED, "Near a copy, again.", CLOSED_AT)
        if decision:
            decide_output(found, decision, "Looked at.", rita, CLOSED_AT)
    record_output_check(fine, Outcome.CLEAR, "", CLOSED_AT)
    assert outputs() == Outputs(checked=4, held=3, waiting=1, refused=1)


def test_refused_prompts_and_won_contests_are_counted(db: None) -> None:
    customer = make_customer("Carla").user
    assert customer
    check_prompt("a quiet harbour", customer, CLOSED_AT)
    refused = check_prompt("a sexual picture of a child", customer, CLOSED_AT)
    contest_prompt(refused, "It is no such thing.", customer, CLOSED_AT)
    decide_prompt(refused, PromptDecision.CLEARED, "Misread.", make_user("rita", "reviewer"), CLOSED_AT)
    check_prompt("a sexual picture of a child, again", customer, CLOSED_AT)
    assert prompts() == Prompts(all=3, refused=2, asked=0, contests=1, won=1)


def test_removals_are_counted_with_those_that_came_too_late(ana: Contributor) -> None:
    removed, kept, open_still = (
        open_case(make_asset(ana), RemovalKind.PRIVACY, "It shows me.", ThirdParty("t@example.org", "x"), CLOSED_AT)
        for _ in range(3)
    )
    rita = make_user("rita", "reviewer")
    decide_case(removed, RemovalOutcome.REMOVED, "It does.", rita, CLOSED_AT)
    decide_case(kept, RemovalOutcome.KEPT, "It does not.", rita, kept.due_at + timedelta(days=1))
    assert removals(open_still.due_at) == Removals(all=3, removed=1, kept=1, late=1)
    assert removals(open_still.due_at + timedelta(days=1)).late == 2


def test_the_public_page_shows_the_counts_and_no_names(ana: Contributor, client: Client) -> None:
    open_case(make_asset(ana), RemovalKind.PRIVACY, "It shows me.", ThirdParty("t@example.org", "x"), CLOSED_AT)
    page = client.get("/transparency/").content.decode()
    assert "0 removed, 0 kept" in page
    assert "t@example.org" not in page
    assert "Ana" not in page
