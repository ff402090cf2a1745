"""An upload is signed; whoever is refused sees why, appeals once, and a second reviewer decides for good."""

import threading
from datetime import timedelta
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from PIL import PngImagePlugin

from marketplace import appeals, uploads
from marketplace.appeals import CannotAppeal, CannotDecide, appeal, decide_submission, state_of, waiting_submissions
from marketplace.core.appeals import Decision, State
from marketplace.core.verdicts import Signal, Verdict
from marketplace.declaration import current_declaration
from marketplace.formats import instant
from marketplace.images import sha256_hex
from marketplace.later_findings import add_finding
from marketplace.models import (
    Appeal,
    Asset,
    Contributor,
    Customer,
    ScreeningResult,
    SignedDeclaration,
    StrikesPolicy,
    Submission,
    SubmissionDecision,
    User,
)
from marketplace.services import Details
from marketplace.strikes import strikes_of, uploads_suspended_until
from tests.builders import JOINED_AT, jpeg_bytes, make_asset, make_picture, submit

DAY = timedelta(days=1)
LATER = JOINED_AT + DAY


def generated_bytes(seed: int | None = None) -> bytes:
    """A picture that says that it is generated."""
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters", "a <b>duck</b>\nNegative prompt: frogs\nSteps: 15, Sampler: Euler a, CFG scale: 7, Seed: 42"
    )
    out = BytesIO()
    make_picture(seed).save(out, "PNG", pnginfo=info)
    return out.getvalue()


@pytest.fixture
def rejected(ana: Contributor) -> Submission:
    submission = submit(ana, generated_bytes())
    assert submission.verdict == Verdict.REJECT
    return submission


@pytest.fixture
def held(ana: Contributor) -> Submission:
    """Two frames, of which a reviewer says whether the first is the picture."""
    out = BytesIO()
    make_picture().save(out, "WEBP", save_all=True, append_images=[make_picture()], lossless=True)
    submission = submit(ana, out.getvalue())
    assert submission.verdict == Verdict.HOLD
    return submission


def owner(contributor: Contributor) -> User:
    assert contributor.user is not None
    return contributor.user


def filled(*files: tuple[str, bytes], **changed: str) -> dict[str, Any]:
    form: dict[str, Any] = {
        "images": [SimpleUploadedFile(name, data) for name, data in files],
        "licence": "All rights reserved",
        "keywords": "harbour, dawn",
        "declared": "on",
        "declaration_sha256": current_declaration().sha256,
    }
    return {name: value for name, value in (form | changed).items() if value}


def test_several_files_are_uploaded_at_once_each_with_the_signed_declaration(client: Client, ana: Contributor) -> None:
    client.force_login(owner(ana))
    page = client.get("/contributor/upload/").content.decode()
    assert "I made these images myself" in page
    good, bad = jpeg_bytes(make_picture()), generated_bytes()
    answer = client.post("/contributor/upload/", filled(("good.jpg", good), ("bad.png", bad)), follow=True)
    assert "good.jpg is accepted" in answer.content.decode()
    assert "bad.png is rejected: see why" in answer.content.decode()
    for data in (good, bad):
        signed = SignedDeclaration.objects.get(submission__sha256=sha256_hex(data))
        declaration = current_declaration()
        assert (signed.version, signed.sha256) == (declaration.version, declaration.sha256)
        assert signed.signed_by == ana.user
        assert signed.signed_at == signed.submission.submitted_at
    asset = Asset.objects.get()
    assert (asset.submission.title, asset.submission.keywords) == ("good", ["harbour", "dawn"])
    assert asset.consents.get().granted is False, "training is agreed to by a tick, not by its absence"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"declared": ""}, "Nothing is taken without the declaration"),
        ({"declaration_sha256": "0" * 64}, "The declaration has changed since"),
        ({"licence": ""}, "Say under which licence"),
        ({"images": ""}, "Choose one image or several"),
    ],
)
def test_an_incomplete_upload_takes_nothing_and_says_why(
    client: Client, ana: Contributor, changed: dict[str, str], why: str
) -> None:
    client.force_login(owner(ana))
    answer = client.post("/contributor/upload/", filled(("good.jpg", jpeg_bytes(make_picture())), **changed))
    assert (answer.status_code, why in answer.content.decode()) == (400, True)
    assert not Submission.objects.exists()


def test_the_service_takes_no_upload_that_nobody_signs(ana: Contributor) -> None:
    with pytest.raises(ValueError, match="declaration"):
        uploads.upload(ana, jpeg_bytes(make_picture()), Details("a.jpg", "a", (), "mine"), JOINED_AT)
    assert not Submission.objects.exists()


def test_too_many_or_too_large_files_are_not_stored(
    client: Client, ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(owner(ana))
    many = [(f"{number}.jpg", b"x") for number in range(uploads.MOST_FILES + 1)]
    assert "at most 20 images" in client.post("/contributor/upload/", filled(*many)).content.decode()
    monkeypatch.setattr(uploads, "MAX_BYTES", 70_000)
    small = jpeg_bytes(make_picture())
    answer = client.post(
        "/contributor/upload/", filled(("huge.jpg", bytes(200_000)), ("small.jpg", small)), follow=True
    )
    assert "huge.jpg was not taken" in answer.content.decode()
    assert Submission.objects.get().file_name == "small.jpg"


def test_broken_files_are_told_apart_and_have_no_appeal(client: Client, ana: Contributor) -> None:
    client.force_login(owner(ana))
    client.post("/contributor/upload/", filled(("empty.jpg", b""), ("page.jpg", b"<svg onload=alert(1)>")))
    for broken in Submission.objects.all():
        page = client.get(f"/contributor/submissions/{broken.pk}/").content.decode()
        assert "unreadable" in page
        assert ">Appeal<" not in page
        with pytest.raises(CannotAppeal, match="unreadable"):
            appeal(broken, "", owner(ana), LATER)


def test_only_contributors_upload(client: Client, carla: Customer, rita: User) -> None:
    for user in (carla.user, rita):
        assert user is not None
        client.force_login(user)
        assert client.get("/contributor/upload/").status_code == 404
        assert client.post("/contributor/upload/", filled(("a.jpg", b"x"))).status_code == 404


def test_the_owner_sees_why_in_words_with_the_evidence_and_appeals_in_one_click(
    client: Client, ana: Contributor, settings: LazySettings
) -> None:
    submission = submit(ana, generated_bytes(), at=timezone.now())
    client.force_login(owner(ana))
    address = f"/contributor/submissions/{submission.pk}/"
    assert f'href="{address}"' in client.get("/contributor/images/").content.decode()
    page = client.get(address).content.decode()
    for told in ("holds the prompt and the settings of a generator", "PNG parameters", "a &lt;b&gt;duck", "Pillow"):
        assert told in page
    deadline = submission.submitted_at + timedelta(days=settings.APPEAL_DAYS)
    assert f"You have until {instant(deadline)}" in page
    answer = client.post(f"{address}appeal/", {}, follow=True)
    assert "Your appeal is recorded" in answer.content.decode()
    assert "Nothing was appealed" in client.post(f"{address}appeal/", {}, follow=True).content.decode()
    assert Appeal.objects.get().appealed_by == ana.user


def test_nobody_else_sees_or_appeals_an_upload(
    client: Client, ben: Contributor, carla: Customer, fay: User, rita: User, rejected: Submission
) -> None:
    address = f"/contributor/submissions/{rejected.pk}/"
    for user in (owner(ben), carla.user, fay, rita):
        assert user is not None
        client.force_login(user)
        assert client.get(address).status_code == 404
        assert client.post(f"{address}appeal/", {}).status_code == 404
        picture = client.get(f"/submissions/{rejected.pk}/preview.jpg")
        assert picture.status_code == (200 if user == rita else 404)
        b"".join(picture)  # read, so that its file is closed
    with pytest.raises(CannotAppeal, match="only its owner"):
        appeal(rejected, "", owner(ben), LATER)
    assert not Appeal.objects.exists()


def test_what_is_shown_of_a_refused_upload_is_re_encoded_without_its_metadata(
    client: Client, rita: User, rejected: Submission
) -> None:
    client.force_login(rita)
    data = client.get(f"/submissions/{rejected.pk}/preview.jpg").getvalue()
    assert data.startswith(b"\xff\xd8\xff")
    assert b"duck" not in data
    assert client.get(f"/{rejected.original.name}").status_code == 404


def test_after_the_deadline_nothing_can_be_appealed(
    ana: Contributor, rejected: Submission, settings: LazySettings
) -> None:
    settings.APPEAL_DAYS = 5
    with pytest.raises(CannotAppeal, match="time to appeal is over"):
        appeal(rejected, "", owner(ana), JOINED_AT + 5 * DAY)
    assert appeal(rejected, "", owner(ana), JOINED_AT + 5 * DAY - timedelta(seconds=1))


def test_an_appeal_that_is_won_makes_an_asset_exactly_once_and_takes_the_strike_back(
    ana: Contributor, rita: User, rob: User, rejected: Submission
) -> None:
    assert strikes_of(ana) == [JOINED_AT]
    appeal(rejected, "My own drawing.", owner(ana), LATER)
    assert state_of(rejected, LATER) is State.APPEALED
    decide_submission(rejected, Decision.ACCEPTED, "The text is a caption.", rita, LATER)
    asset = Asset.objects.get(submission=rejected)
    assert (asset.ingested_at, asset.width, asset.consents.get().granted) == (LATER, 96, True)
    rejected.refresh_from_db()
    assert state_of(rejected, LATER) is State.WON
    assert strikes_of(ana) == []
    with pytest.raises(CannotDecide, match="somebody else decided"):
        decide_submission(rejected, Decision.ACCEPTED, "Again.", rob, LATER)
    assert Asset.objects.count() == 1


def test_what_was_accepted_on_appeal_is_only_held_by_what_is_found_later_and_a_reviewer_decides_again(
    ana: Contributor, rita: User, rob: User, rejected: Submission
) -> None:
    appeal(rejected, "My own drawing.", owner(ana), LATER)
    decide_submission(rejected, Decision.ACCEPTED, "The text is a caption.", rita, LATER)
    found = Signal(
        "own_generation", Verdict.HOLD, "resembles_own_generation", {"field": "f", "value": "v", "tool": "t"}
    )
    add_finding(rejected, found, LATER + DAY)
    rejected = Submission.objects.get(pk=rejected.pk)
    assert state_of(rejected, LATER + DAY) is State.HELD, "not rejected again for what the reviewer forgave"
    assert strikes_of(ana) == []
    assert waiting_submissions().get().waiting_since == LATER + DAY  # type: ignore[attr-defined]
    decide_submission(rejected, Decision.ACCEPTED, "It is older than the generation.", rob, LATER + DAY)
    assert Asset.objects.filter(submission=rejected).count() == 1
    assert Submission.objects.get(pk=rejected.pk).verdict == Verdict.ACCEPT


@pytest.mark.parametrize("is_appealed", [False, True])
def test_what_is_held_again_for_another_reason_can_be_decided_by_whoever_decided_before(
    client: Client, ana: Contributor, rita: User, rob: User, held: Submission, is_appealed: bool
) -> None:
    if is_appealed:
        decide_submission(held, Decision.OTHER, "A film still.", rob, LATER)
        appeal(held, "", owner(ana), LATER)
    decide_submission(held, Decision.ACCEPTED, "The first frame is the picture.", rita, LATER)
    found = Signal("look_alike", Verdict.HOLD, "looks_generated", {"field": "f", "value": "v", "tool": "t"})
    add_finding(held, found, LATER + DAY)
    client.force_login(rita)
    page = client.get(f"/submissions/{held.pk}/").content.decode()
    assert 'name="reason"' in page
    assert "a second reviewer" not in page
    form = {"decision": Decision.GENERATED, "reason": "It is."}
    assert client.post(f"/submissions/{held.pk}/decide/", form).status_code == 302
    held.refresh_from_db()
    assert held.verdict == Verdict.REJECT
    assert state_of(held, LATER + DAY) is (State.LOST if is_appealed else State.REJECTED)


def test_an_appeal_is_decided_by_a_second_reviewer(
    client: Client, ana: Contributor, rita: User, rob: User, held: Submission
) -> None:
    decide_submission(held, Decision.OTHER, "A film still.", rita, LATER)
    made = appeal(held, "", owner(ana), LATER)
    with pytest.raises(CannotDecide, match="second reviewer"):
        decide_submission(held, Decision.ACCEPTED, "I was wrong.", rita, LATER)
    client.force_login(rita)
    page = client.get(f"/submissions/{held.pk}/").content.decode()
    assert "a second reviewer decides" in page
    assert 'name="reason"' not in page
    with pytest.raises(DatabaseError, match="has not decided"), transaction.atomic():
        SubmissionDecision.objects.create(
            submission=held, appeal=made, decision=Decision.ACCEPTED, reason="x", decided_by=rita, decided_at=LATER
        )
    decide_submission(held, Decision.OTHER, "A film still indeed.", rob, LATER)
    held.refresh_from_db()
    assert state_of(held, LATER) is State.LOST
    with pytest.raises(CannotAppeal):
        appeal(held, "", owner(ana), LATER)


def test_a_reviewer_does_not_decide_on_their_own_upload_nor_one_who_buys(
    ana: Contributor, carla: Customer, rita: User, held: Submission
) -> None:
    for user in (owner(ana), carla.user):
        assert user is not None
        user.groups.set(rita.groups.all())
        with pytest.raises(CannotDecide):
            decide_submission(held, Decision.ACCEPTED, "Fine.", user, LATER)
    assert not Asset.objects.exists()


def test_the_same_bytes_never_become_two_assets(ana: Contributor, ben: Contributor, rita: User) -> None:
    asset = make_asset(ben)
    with asset.submission.original.open() as original:
        held = submit(ana, original.read())
    with pytest.raises(CannotDecide, match=f"Asset {asset.pk} of another"):
        decide_submission(held, Decision.ACCEPTED, "Fine.", rita, LATER)
    assert not SubmissionDecision.objects.exists(), "all of a decision or nothing"
    held.refresh_from_db()
    assert held.verdict == Verdict.HOLD


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_decides(ana: Contributor, rita: User, rob: User, held: Submission) -> None:
    outcomes: list[str] = []

    def decide(user: User) -> None:
        try:
            decide_submission(held, Decision.ACCEPTED, "Fine.", user, LATER)
            outcomes.append("decided")
        except CannotDecide as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(user,)) for user in (rita, rob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes)[1] == "decided"
    assert Asset.objects.count() == SubmissionDecision.objects.count() == 1


@pytest.mark.owner
def test_what_was_declared_appealed_and_decided_cannot_be_changed(
    ana: Contributor, rita: User, rejected: Submission
) -> None:
    details = Details("a.jpg", "a", (), "mine", signed_by=owner(ana))
    signed = uploads.upload(ana, jpeg_bytes(make_picture()), details, JOINED_AT)[0].declaration
    made = appeal(rejected, "", owner(ana), LATER)
    decided = decide_submission(rejected, Decision.GENERATED, "It is.", rita, LATER)
    policy = StrikesPolicy.objects.create(effective_at=JOINED_AT, strikes=3, within_days=30, suspended_days=30)
    for record in (signed, made, decided, policy):
        rows = type(record).objects.filter(pk=record.pk)
        for change in (partial(rows._raw_delete, "default"), record.save):
            with pytest.raises(DatabaseError, match="annot update or delete"), transaction.atomic():
                change()


def test_strikes_suspend_uploads_by_the_policy_in_force_and_say_so(
    client: Client, ana: Contributor, ben: Contributor, rita: User
) -> None:
    now = timezone.now()
    first, _second = (submit(ana, generated_bytes(), at=now - days * DAY) for days in (3, 2))
    assert uploads_suspended_until(ana, now) is None, "no policy, no suspension"
    StrikesPolicy.objects.create(effective_at=now - DAY, strikes=2, within_days=30, suspended_days=14)
    until = uploads_suspended_until(ana, now)
    assert until == now + 12 * DAY
    client.force_login(owner(ana))
    page = client.get("/contributor/upload/").content.decode()
    assert f"suspended until {instant(until)}" in page
    assert "2 uploads rejected as generated within 30 days suspend uploads for 14 days" in page
    answer = client.post("/contributor/upload/", filled(("a.jpg", jpeg_bytes(make_picture()))), follow=True)
    assert "Your uploads are suspended until" in answer.content.decode()
    assert not Asset.objects.exists()
    assert uploads_suspended_until(ben, now) is None
    appeal(first, "", owner(ana), now)
    assert uploads_suspended_until(ana, now) == until, "while the appeal waits"
    decide_submission(first, Decision.ACCEPTED, "A caption.", rita, now)
    assert uploads_suspended_until(ana, now) is None
    assert client.post("/contributor/upload/", filled(("a.jpg", jpeg_bytes(make_picture())))).status_code == 302


def test_the_upload_that_suspends_others_is_told_and_the_rest_is_not_taken(client: Client, ana: Contributor) -> None:
    StrikesPolicy.objects.create(effective_at=JOINED_AT, strikes=1, within_days=30, suspended_days=14)
    client.force_login(owner(ana))
    files = filled(("bad.png", generated_bytes()), ("good.jpg", jpeg_bytes(make_picture())))
    page = client.post("/contributor/upload/", files, follow=True).content.decode()
    assert "bad.png is rejected: see why" in page
    assert "Your uploads are suspended until" in page
    assert Submission.objects.get().file_name == "bad.png"


def test_an_upload_that_a_new_screen_rejects_is_a_strike_of_that_day_and_not_of_when_it_was_accepted(
    ana: Contributor, rita: User, held: Submission
) -> None:
    decide_submission(held, Decision.ACCEPTED, "Fine.", rita, LATER)
    ScreeningResult.objects.create(
        submission=held, verdict="reject", reasons=["new"], signals=[], version="next", screened_at=LATER + DAY
    )
    Submission.objects.filter(pk=held.pk).update(verdict=Verdict.REJECT)
    assert strikes_of(ana) == [LATER + DAY]


def test_only_what_a_reviewer_finds_generated_is_a_strike(
    ana: Contributor, rita: User, rob: User, held: Submission
) -> None:
    assert strikes_of(ana) == []
    decide_submission(held, Decision.GENERATED, "Six fingers.", rita, LATER)
    assert strikes_of(ana) == [LATER]
    appeal(held, "", owner(ana), LATER)
    decide_submission(held, Decision.OTHER, "Not generated, but a film still.", rob, LATER + DAY)
    assert strikes_of(ana) == []


def test_a_lost_appeal_leaves_the_strike_where_it_was(ana: Contributor, rita: User, rejected: Submission) -> None:
    appeal(rejected, "", owner(ana), LATER)
    decide_submission(rejected, Decision.GENERATED, "It is.", rita, LATER)
    assert strikes_of(ana) == [JOINED_AT]


def test_the_queue_has_held_uploads_and_appeals_those_who_wait_longest_first(
    ana: Contributor, rita: User, rejected: Submission, held: Submission
) -> None:
    assert list(waiting_submissions()) == [held]
    appeal(rejected, "", owner(ana), LATER)
    assert list(waiting_submissions()) == [held, rejected]
    decide_submission(held, Decision.ACCEPTED, "Fine.", rita, LATER)
    decide_submission(rejected, Decision.GENERATED, "It is.", rita, LATER)
    assert not waiting_submissions().exists()


def test_a_decision_without_a_reason_decides_nothing(rita: User, held: Submission) -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        appeals.decide_submission(held, Decision.ACCEPTED, " ", rita, LATER)
    assert list(waiting_submissions()) == [held]
