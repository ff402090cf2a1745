"""The reviewer's pages of uploads: everything that a decision needs, by keyboard, at a steady number of queries."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attribution.duplicates import hash_assets
from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, Contributor, Customer, Submission, SubmissionDecision, User
from tests.builders import JOINED_AT, jpeg_bytes, make_asset, make_encoder, make_picture, submit, unit_vector
from tests.builders import embed_asset as embed


def make_held(contributor: Contributor, asset: Asset, title: str = "Taken?") -> Submission:
    """A file that another contributor uploaded before."""
    with asset.submission.original.open() as original:
        held = submit(contributor, original.read(), title=title)
    assert held.verdict == Verdict.HOLD
    return held


def test_the_reviewer_sees_picture_evidence_neighbours_and_history_and_decides(
    client: Client, ana: Contributor, ben: Contributor, rita: User
) -> None:
    asset = make_asset(ana, title="The first")
    embed(asset, make_encoder(), unit_vector(1), is_checked=False)
    hash_assets(JOINED_AT)
    first, second = make_held(ben, asset), make_held(ben, make_asset(ana), "Another")
    client.force_login(rita)
    queue = client.get("/submissions/").content.decode()
    assert queue.index(f'href="/submissions/{first.pk}/"') < queue.index(f'href="/submissions/{second.pk}/"')
    page = client.get(f"/submissions/{first.pk}/").content.decode()
    for told in (
        f'src="/submissions/{first.pk}/preview.jpg"',
        "Another contributor uploaded the very same file before.",
        "“The first” by Ana: 0 of 64 bits",
        "imported without a declaration",
        f'accesskey="j" href="/submissions/{second.pk}/"',
        'accesskey="a"',
        'accesskey="r"',
    ):
        assert told in page
    answer = client.post(
        f"/submissions/{first.pk}/decide/", {"decision": "rejected on other grounds", "reason": "<Ana>"}
    )
    assert answer.headers["location"] == f"/submissions/{second.pk}/", "what waits next"
    assert SubmissionDecision.objects.get().decided_by == rita
    assert "rejected on other grounds by rita: &lt;Ana&gt;" in client.get(f"/submissions/{first.pk}/").content.decode()


@pytest.mark.parametrize("form", [{"decision": "accepted"}, {"reason": "x"}, {"decision": "sell", "reason": "x"}])
def test_an_incomplete_decision_decides_nothing_and_says_so(
    client: Client, ana: Contributor, ben: Contributor, rita: User, form: dict[str, str]
) -> None:
    held = make_held(ben, make_asset(ana))
    client.force_login(rita)
    answer = client.post(f"/submissions/{held.pk}/decide/", form, follow=True)
    assert "Nothing was decided" in answer.content.decode()
    assert not SubmissionDecision.objects.exists()


def test_nobody_but_reviewers_has_these_pages(
    client: Client, ana: Contributor, ben: Contributor, carla: Customer, fay: User
) -> None:
    held = make_held(ben, make_asset(ana))
    form = {"decision": "accepted", "reason": "Mine."}
    for user in (ana.user, ben.user, carla.user, fay):
        assert user is not None
        client.force_login(user)
        assert [client.get(page).status_code for page in ("/submissions/", f"/submissions/{held.pk}/")] == [404, 404]
        assert client.post(f"/submissions/{held.pk}/decide/", form).status_code == 404
    assert not SubmissionDecision.objects.exists()


def test_a_longer_queue_takes_no_more_queries(client: Client, ana: Contributor, ben: Contributor, rita: User) -> None:
    client.force_login(rita)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/submissions/")
        return len(captured)

    make_held(ben, make_asset(ana))
    of_one = queries()
    for _ in range(9):
        make_held(ben, make_asset(ana))
    assert queries() == of_one
    assert "Waiting for a decision: 10" in client.get("/submissions/").content.decode()


def test_an_upload_that_looks_like_nothing_says_so(client: Client, ana: Contributor, rita: User) -> None:
    one = submit(ana, jpeg_bytes(make_picture()))
    client.force_login(rita)
    page = client.get(f"/submissions/{one.pk}/").content.decode()
    assert "No image in the catalogue looks nearly the same" in page
    assert 'name="reason"' not in page, "nothing waits here"
