"""What a contributor's program does: uploads, appeals, consent, earnings, statements and why."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from marketplace import uploads
from marketplace.declaration import current_declaration
from marketplace.models import (
    Asset,
    Contributor,
    Customer,
    Download,
    SignedDeclaration,
    StrikesPolicy,
    Submission,
    User,
)
from marketplace.strikes import strikes_of
from payouts import verify_statement
from payouts.models import Earning, Period, Statement, StatementRoot
from payouts.runs import approve_payout_run, draft_payout_run
from tests.api.asking import Asker
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    jpeg_bytes,
    link_copy,
    make_asset,
    make_attributed_downloads,
    make_closed_month,
    make_picture,
    make_user,
    submit,
)
from tests.marketplace.test_terms import change_terms
from tests.marketplace.test_uploads_and_appeals import generated_bytes


def picture(name: str = "boats.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg_bytes(make_picture()), "image/jpeg")


def signed(**said: Any) -> dict[str, Any]:
    return {"licence": "All rights reserved", "declaration_sha256": current_declaration().sha256, **said}


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    return make_attributed_downloads([ana, ben], carla)


@pytest.fixture
def october(downloads: list[Download], fay: User, finn: User) -> Period:
    return make_closed_month(fay, finn)


def test_an_upload_is_screened_and_answered_with_what_became_of_it(ana: Contributor) -> None:
    asker = Asker(ana)
    declared = asker.get("declaration/").json()
    form = signed(file=picture(), title="Boats", keywords=["sea", "boats"], training_consent="true")
    answer = asker.send("submissions/", form | {"declaration_sha256": declared["sha256"]})
    assert answer.status_code == 201
    told = answer.json()
    assert (told["verdict"], told["state"], told["title"]) == ("accept", "accepted", "Boats")
    assert told["keywords"] == ["sea", "boats"]
    asset = Asset.objects.get(pk=told["asset"])
    assert asset.consents.get().granted is True
    assert SignedDeclaration.objects.get().signed_by == ana.user
    assert asker.get(f"submissions/{told['id']}/").json() == told
    assert asker.get(f"assets/{asset.pk}/").json()["training_consent"] is True
    assert b"".join(asker.get(f"assets/{asset.pk}/preview/").streaming_content)[:2] == b"\xff\xd8"


def test_nothing_is_taken_under_terms_that_were_not_accepted(
    ana: Contributor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change_terms(monkeypatch, tmp_path)
    answer = Asker(ana).send("submissions/", signed(file=picture(), training_consent="true"))
    assert answer.status_code == 409
    assert "Read and accept the terms first" in answer.content.decode()
    assert not Submission.objects.exists()


def test_the_same_file_again_is_known_and_a_broken_one_is_told_why(ana: Contributor) -> None:
    asker, file = Asker(ana), picture()
    first = asker.send("submissions/", signed(file=file)).json()
    file.seek(0)
    again = asker.send("submissions/", signed(file=file))
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    broken = asker.send("submissions/", signed(file=SimpleUploadedFile("a.jpg", b"no picture"))).json()
    assert (broken["verdict"], broken["state"], broken["asset"]) == ("unreadable", "unreadable", None)
    assert broken["signals"][0]["in_words"] == "The file is of a kind that we do not take."
    assert broken["signals"][0]["evidence"]["value"]


def test_nothing_is_taken_without_the_declaration_in_force(ana: Contributor) -> None:
    for form in ({"file": picture(), "licence": "x"}, signed(file=picture()) | {"declaration_sha256": "0" * 64}):
        answer = Asker(ana).send("submissions/", form)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "declaration_sha256"
    assert Submission.objects.count() == 0


def test_of_several_files_each_is_taken_or_refused_for_itself(ana: Contributor) -> None:
    asker, known = Asker(ana), picture("known.jpg")
    asker.send("submissions/", signed(file=known))
    known.seek(0)
    manifest = [{"file_name": name, "licence": "All"} for name in ("a.jpg", "broken.jpg", "known.jpg", "absent.jpg")]
    manifest[0] |= {"title": "First", "keywords": ["one"]}  # type: ignore[dict-item]
    files = [picture("stray.jpg"), picture("a.jpg"), SimpleUploadedFile("broken.jpg", b"x"), known]
    form = {"files": files, "manifest": json.dumps(manifest), "declaration_sha256": current_declaration().sha256}
    answer = asker.send("submissions/bulk/", form)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["taken"], told["known"], told["refused"]) == (2, 1, 1)
    outcomes = [(one["file_name"], one["outcome"]) for one in told["outcomes"]]
    assert outcomes == [("stray.jpg", "refused"), ("a.jpg", "taken"), ("broken.jpg", "taken"), ("known.jpg", "known")]
    assert "no line with this file_name" in told["outcomes"][0]["problem"]
    assert told["outcomes"][1]["submission"]["title"] == "First"
    assert told["outcomes"][2]["submission"]["verdict"] == "unreadable"
    assert Submission.objects.count() == 3


def test_a_file_that_is_too_large_is_named_and_nothing_is_taken(
    ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 70_000)
    huge = SimpleUploadedFile("huge.jpg", bytes(200_000))
    manifest = json.dumps([{"file_name": name, "licence": "All"} for name in ("huge.jpg", "boats.jpg")])
    for path, form in (
        ("submissions/", signed(file=huge)),
        ("submissions/bulk/", signed(files=[huge, picture()], manifest=manifest)),
    ):
        answer = Asker(ana).send(path, form)
        assert answer.status_code == 400
        assert "huge.jpg was not taken: files have at most 100 MB each" in answer.json()["detail"]
        huge.seek(0)
    assert not Submission.objects.exists()


def test_of_several_files_one_that_suspends_uploads_stays_with_its_strike(ana: Contributor) -> None:
    StrikesPolicy.objects.create(effective_at=JOINED_AT, strikes=1, within_days=30, suspended_days=14)
    names = ("a.png", "b.png")
    form = signed(
        files=[SimpleUploadedFile(name, generated_bytes()) for name in names],
        manifest=json.dumps([{"file_name": name, "licence": "All"} for name in names]),
    )
    told = Asker(ana).send("submissions/bulk/", form).json()
    assert (told["taken"], told["refused"]) == (1, 1)
    assert "suspended until" in "".join(one["problem"] for one in told["outcomes"])
    assert len(strikes_of(ana)) == 1
    alone = signed(file=picture(), training_consent="true")
    assert Asker(ana).send("submissions/", alone).status_code == 409


@pytest.mark.parametrize(
    "manifest", ["{", "{}", "[" * 100_000, '[{"file_name": "a"}]', '[{"file_name":"a","licence":"x"},' * 2]
)
def test_a_manifest_that_cannot_be_read_says_where_and_nothing_is_taken(ana: Contributor, manifest: str) -> None:
    form = {"files": [picture()], "manifest": manifest, "declaration_sha256": current_declaration().sha256}
    answer = Asker(ana).send("submissions/bulk/", form)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("manifest")
    assert Submission.objects.count() == 0


def test_a_rejection_is_appealed_once_and_a_reviewer_decides(ana: Contributor) -> None:
    rejected = submit(ana, generated_bytes(), at=timezone.now())
    asker, reviewer, path = Asker(ana), Asker(make_user("rita", "reviewer")), f"submissions/{rejected.pk}/"
    told = asker.get(path).json()
    assert told["state"] == "rejected"
    assert told["appeal_until"] > told["submitted_at"]
    assert reviewer.post(f"reviews/{rejected.pk}/decide/", {"decision": "accepted", "reason": "x"}).status_code == 404
    assert asker.post(f"{path}appeal/", {"statement": "I painted it."}).json()["state"] == "appealed"
    assert asker.post(f"{path}appeal/", {"statement": "I did."}).status_code == 409
    assert [one["id"] for one in reviewer.get("reviews/").json()["results"]] == [rejected.pk]
    assert b"".join(reviewer.get(f"reviews/{rejected.pk}/preview/").streaming_content)[:2] == b"\xff\xd8"
    decided = reviewer.post(f"reviews/{rejected.pk}/decide/", {"decision": "accepted", "reason": "I saw the sketch."})
    assert decided.json()["state"] == "accepted on appeal"
    told = asker.get(path).json()
    assert [one["reason"] for one in told["decisions"]] == ["I saw the sketch."]
    assert told["asset"] is not None
    assert reviewer.get("reviews/").json()["results"] == []


def test_consent_is_withdrawn_and_given_again_and_its_history_is_kept(ana: Contributor) -> None:
    asset, asker = make_asset(ana), Asker(ana)
    for granted in (False, True):
        assert asker.post(f"assets/{asset.pk}/consents/", {"granted": granted}).status_code == 201
        assert asker.get(f"assets/{asset.pk}/").json()["training_consent"] is granted
    assert [one["granted"] for one in asker.get(f"assets/{asset.pk}/consents/").json()] == [True, False, True]


def test_earnings_by_download_add_up_to_the_month_and_to_the_statement(
    october: Period, ana: Contributor, ben: Contributor
) -> None:
    asker = Asker(ana)
    (month,) = asker.get("earnings/").json()["results"]
    assert month["month"] == "2026-10"
    rows = asker.get("earnings/2026-10/downloads/").json()["results"]
    assert len(rows) == 3
    earned = sum(image["amount_micro"] for row in rows for image in row["images"])
    assert earned == month["attribution_micro"]
    assert earned == Earning.objects.get(contributor=ana, kind=Earning.ATTRIBUTION).amount_micro
    (statement,) = asker.get("statements/").json()["results"]
    assert statement["earned_micro"] == month["total_micro"] == month["attribution_micro"] + month["common_fund_micro"]
    assert asker.get("earnings/2026-09/downloads/").status_code == 404


def test_a_statement_is_checked_offline_with_the_public_root(october: Period, ana: Contributor, tmp_path: Path) -> None:
    asker = Asker(ana)
    (tmp_path / "statement.json").write_bytes(asker.get("statements/2026-10/").content)
    (root,) = asker.get("statement-roots/").json()["results"]
    assert root["root_sha256"] == StatementRoot.objects.get().root_sha256
    ran = subprocess.run(
        [sys.executable, "-I", verify_statement.__file__, tmp_path / "statement.json", root["root_sha256"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    files = asker.get("statements/").json()["results"][0]["files"]
    pdf, csv = (asker.get(files[kind].partition("/api/v1/")[2]) for kind in ("pdf", "csv"))
    assert pdf.content[:5] == b"%PDF-"
    assert csv.content.startswith(b"month,contributor,section,")
    assert Statement.objects.count() == 2  # one is Ben's, and nowhere above


def test_payouts_say_why_nothing_was_sent_once_a_run_is_approved(
    october: Period, ana: Contributor, fay: User, finn: User
) -> None:
    asker, run = Asker(ana), draft_payout_run(fay, CLOSED_AT)
    assert asker.get("payouts/").json()["results"] == []
    approve_payout_run(run.pk, finn, CLOSED_AT)
    (payout,) = asker.get("payouts/").json()["results"]
    assert (payout["state"], payout["reason"]) == ("excluded", "no_connected_account")
    assert "connect a Stripe account" in payout["explanation"]


def test_why_tells_each_their_own_part_of_the_money_and_nobody_elses(
    october: Period, downloads: list[Download], ana: Contributor, carla: Customer
) -> None:
    why = Asker(ana).get(f"downloads/{downloads[0].pk}/why/").json()
    assert sum(one["share_ppm"] for one in why["inspirations"]) + why["unattributed_ppm"] == 1_000_000
    mine = [one for one in why["inspirations"] if one["is_yours"]]
    assert [one["amount_micro"] for one in why["inspirations"] if not one["is_yours"]] == [None]
    rows = Asker(ana).get("earnings/2026-10/downloads/").json()["results"]
    assert mine[0]["amount_micro"] == rows[0]["images"][0]["amount_micro"]
    theirs = Asker(carla).get(f"downloads/{downloads[0].pk}/why/").json()
    assert {one["amount_micro"] for one in theirs["inspirations"]} == {None}
    assert "Carla" not in json.dumps(why)


def test_that_an_image_counts_as_a_copy_is_contested_once(ana: Contributor, ben: Contributor) -> None:
    link = link_copy(make_asset(ana), make_asset(ben), JOINED_AT)
    asker = Asker(ana)
    (copy,) = asker.get("copies/").json()["results"]
    assert (copy["counts"], copy["contest"]) == (True, None)
    contested = asker.post(f"copies/{link.pk}/contest/", {"statement": "I stood beside him."})
    assert contested.status_code == 201
    assert contested.json()["contest"]["statement"] == "I stood beside him."
    assert asker.post(f"copies/{link.pk}/contest/", {"statement": "Again."}).status_code == 409
    assert Asker(ben).post(f"copies/{link.pk}/contest/", {"statement": "No."}).status_code == 404
