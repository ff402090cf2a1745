"""A new version of the screen first says what it would change, and changes it only when told to."""

from contextlib import redirect_stdout
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image

from marketplace import rescreening, screening
from marketplace.appeals import appeal, decide_submission
from marketplace.core.appeals import Decision
from marketplace.core.release import Outcome
from marketplace.core.verdicts import Signal, Verdict
from marketplace.generators.base import GeneratedImage
from marketplace.later_findings import add_finding
from marketplace.models import Asset, Contributor, Rescreening, ScreeningResult, Submission
from marketplace.output_checks import record_output_check
from marketplace.sample_catalogue import STYLES, draw_work
from marketplace.screening import confined
from marketplace.screening.report import Report
from marketplace.selectors import assets_with_consent
from marketplace.services import record_generation
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    JOINED_AT,
    jpeg_bytes,
    make_generator_model,
    make_picture,
    make_prompt_check,
    make_training_set,
    make_user,
    submit,
)
from tests.marketplace.test_uploads_and_appeals import generated_bytes

pytestmark = pytest.mark.django_db
NEW = "next"


@pytest.fixture
def uploads(ana: Contributor) -> list[Submission]:
    """Two accepted submissions and an unreadable one, of the version before."""
    return [submit(ana, data) for data in (jpeg_bytes(make_picture(1)), jpeg_bytes(make_picture(2)), b"no picture")]


@pytest.fixture
def stricter(monkeypatch: pytest.MonkeyPatch, uploads: list[Submission]) -> list[bytes]:
    """A version that rejects the first of them; gives what it was asked to screen."""
    first, screen = jpeg_bytes(make_picture(1)), confined.screen
    asked: list[bytes] = []

    def screen_strictly(data: bytes) -> Report:
        asked.append(data)
        marked = Signal("new_signal", Verdict.REJECT, "new_reason", {"field": "f", "value": "v", "tool": "t"})
        return screen(data).with_signals([marked] if data == first else [])

    monkeypatch.setattr(confined, "screen", screen_strictly)
    for module in (screening, rescreening):
        monkeypatch.setattr(module, "SCREEN_VERSION", NEW)
    return asked


def rescreen(*arguments: str) -> str:
    """What the command prints."""
    with redirect_stdout(StringIO()) as printed:
        call_command("rescreen", *arguments)
    return printed.getvalue()


def test_a_dry_run_says_what_would_change_and_changes_nothing(uploads: list[Submission], stricter: list[bytes]) -> None:
    printed = rescreen()
    assert f"submission {uploads[0].pk} (A picture.jpg by {uploads[0].contributor_id}): accept -> reject" in printed
    assert "new_reason" in printed
    assert "1 becomes reject." in printed
    assert "Nothing was changed" in printed
    assert set(Submission.objects.values_list("verdict", flat=True)) == {"accept", "unreadable"}
    assert ScreeningResult.objects.count() == len(uploads)


def test_a_second_run_goes_on_where_the_first_was_stopped(uploads: list[Submission], stricter: list[bytes]) -> None:
    next(rescreening.rescreen_all(lambda: CLOSED_AT))
    assert len(stricter) == 1
    rescreen()
    assert len(stricter) == len(uploads)
    rescreen()
    assert len(stricter) == len(uploads)


def test_a_submission_whose_file_is_gone_is_named_and_holds_up_no_other(
    uploads: list[Submission], stricter: list[bytes]
) -> None:
    first, name = uploads[0], str(uploads[0].original.name)
    default_storage.delete(name)
    printed = rescreen("--apply")
    assert f"submission {first.pk} (A picture.jpg by {first.contributor_id}): its file {name} is missing" in printed
    assert "1 not screened" in printed
    assert set(Rescreening.objects.values_list("submission", flat=True)) == {uploads[1].pk, uploads[2].pk}
    default_storage.save(name, ContentFile(jpeg_bytes(make_picture(1))))
    printed = rescreen("--apply")
    assert "1 becomes reject." in printed
    assert "not screened" not in printed


def test_applied_a_change_is_the_newest_result_and_keeps_the_asset_out_of_new_training_sets(
    uploads: list[Submission], stricter: list[bytes]
) -> None:
    rescreen()
    assert "1 becomes reject." in rescreen("--apply")
    first = Submission.objects.get(pk=uploads[0].pk)
    newest = first.screening_results.latest("pk")
    assert (first.verdict, newest.verdict, newest.reasons, newest.version) == ("reject", "reject", ["new_reason"], NEW)
    assert Asset.objects.count() == 2
    assert [asset.submission for asset in assets_with_consent(CLOSED_AT)] == [uploads[1]]
    assert "nothing changes" in rescreen("--apply")


def test_what_a_reviewer_decided_since_stays(
    ana: Contributor, uploads: list[Submission], stricter: list[bytes]
) -> None:
    first, at = uploads[0], JOINED_AT + timedelta(days=1)
    add_finding(first, Signal("look_alike", Verdict.HOLD, "old", {"field": "f", "value": "v", "tool": "t"}), at)
    decide_submission(first, Decision.ACCEPTED, "A photograph.", make_user("rita", "reviewer"), CLOSED_AT)
    assert "accept -> reject, new_reason; stays: a reviewer decided since" in rescreen("--apply")
    assert Submission.objects.get(pk=first.pk).verdict == Verdict.ACCEPT


def test_a_rejection_that_a_second_reviewer_upheld_is_not_held_again_by_a_milder_version(
    ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected = submit(ana, generated_bytes())
    assert ana.user
    appeal(rejected, "", ana.user, JOINED_AT)
    decide_submission(rejected, Decision.GENERATED, "It is.", make_user("rita", "reviewer"), CLOSED_AT)
    marked = Signal("new_signal", Verdict.HOLD, "new_reason", {"field": "f", "value": "v", "tool": "t"})
    mild = confined.screen(jpeg_bytes(make_picture())).with_signals([marked])
    monkeypatch.setattr(confined, "screen", lambda data: mild)
    monkeypatch.setattr(rescreening, "SCREEN_VERSION", NEW)
    assert "reject -> hold, new_reason; stays: a reviewer decided since" in rescreen("--apply")
    assert Submission.objects.get(pk=rejected.pk).verdict == Verdict.REJECT


def test_nothing_is_accepted_by_a_new_version_alone(ana: Contributor, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = submit(ana, jpeg_bytes(make_picture(3)))
    ScreeningResult.objects.create(
        submission=submission, verdict="hold", reasons=["old"], signals=[], version="1", screened_at=CLOSED_AT
    )
    Submission.objects.filter(pk=submission.pk).update(verdict="hold")
    monkeypatch.setattr(rescreening, "SCREEN_VERSION", NEW)
    assert "hold -> accept, nothing found any more; stays: only a reviewer accepts" in rescreen("--apply")
    assert Submission.objects.get(pk=submission.pk).verdict == "hold"


def test_a_photograph_that_a_later_generation_copies_stays_accepted_and_the_copy_waits_for_a_reviewer(
    ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture: Image.Image = draw_work(STYLES[0], 1, 400).image
    submission = submit(ana, jpeg_bytes(picture))
    made = GeneratedImage(image=picture.resize((300, 300)), prompt="a hill", seed=1, parameters={})
    model = make_generator_model(make_training_set())
    generation = record_generation(
        model, made, b"a file", ".jpg", FROZEN_AT + timedelta(days=1), make_prompt_check(made.prompt)
    )
    record_output_check(generation, Outcome.CLEAR, "Nothing found.", FROZEN_AT)
    monkeypatch.setattr(rescreening, "SCREEN_VERSION", NEW)
    rescreen()
    assert generation.output_checks.count() == 1, "a dry run opens no incident"
    for _ in range(2):
        rescreen("--apply")
    incident = generation.output_checks.order_by("pk")[1:].get()
    assert incident.outcome == Outcome.BLOCKED
    assert "before the generation was made" in incident.evidence
    assert Submission.objects.get(pk=submission.pk).verdict == "accept"
    assert Rescreening.objects.get().signals[0]["reason"] == "generation_made_later"
