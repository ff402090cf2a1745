"""Mail is told once, in the recipient's language, as text and HTML, and only of what was committed."""

import socket
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException

import pytest
from django.conf import LazySettings
from django.core import mail as sent
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.db import transaction
from django.test import Client
from django.utils import timezone

from marketplace import tasks
from marketplace.appeals import decide_submission
from marketplace.core.appeals import Decision
from marketplace.core.verdicts import Verdict
from marketplace.mailing import MOST_TRIES, forget_texts, letter, mail_to, send_next, write_mail
from marketplace.models import Contributor, Mail, User
from tests.builders import JOINED_AT, jpeg_bytes, make_picture, make_user, submit

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
TOLD = {"title": "<b>Harbour</b> & sea", "decision": "accepted", "reason": "A photograph.", "is_appeal": False}


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada")


def write(user: User, key: str = "decided:1") -> None:
    write_mail([mail_to(user.pk, "submission_decided", key, "/contributor/submissions/1/", AT, TOLD)])


def test_mail_is_sent_once_however_often_it_is_written_and_asked_for(ada: User) -> None:
    write(ada)
    write(ada)
    tasks.send_mail()
    tasks.send_mail()
    (letter_sent,) = sent.outbox
    assert letter_sent.to == ["ada@example.org"]
    assert letter_sent.subject == "Accepted: <b>Harbour</b> & sea"
    assert "http://localhost:8000/contributor/submissions/1/" in letter_sent.body
    assert Mail.objects.get().sent_at is not None


def test_html_shows_what_people_wrote_as_they_wrote_it(ada: User) -> None:
    write(ada)
    made = letter(Mail.objects.get())
    html = str(made.alternatives[0][0])
    assert "&lt;b&gt;Harbour&lt;/b&gt; &amp; sea" in html
    assert "<b>Harbour</b> & sea" in made.subject
    assert "A photograph." in made.body


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_told_to_nobody() -> None:
    ada = make_user("ada")
    with pytest.raises(RuntimeError), transaction.atomic():
        write(ada)
        raise RuntimeError
    assert not send_next(AT)


def test_what_the_server_refuses_waits_longer_each_time_and_is_given_up_in_the_end(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailMultiAlternatives) -> int:
        raise SMTPException("451 try later")

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    write(ada)
    at, waits = AT, []
    while send_next(at):
        mail = Mail.objects.get()
        assert mail.problem == "451 try later"
        waits.append(mail.due_at - at)
        assert mail.tries == MOST_TRIES or not send_next(mail.due_at - timedelta(seconds=1))
        at = mail.due_at
    assert len(waits) == MOST_TRIES
    assert waits == sorted(set(waits))
    monkeypatch.undo()
    assert not send_next(at)


def test_one_that_is_refused_does_not_hold_up_the_next(ada: User) -> None:
    write(ada, "first")
    write(ada, "second")
    Mail.objects.filter(key="first").update(due_at=AT + timedelta(hours=1))
    assert send_next(AT)
    assert not send_next(AT)
    assert list(Mail.objects.filter(sent_at=None).values_list("key", flat=True)) == ["first"]


def test_a_title_of_several_lines_is_one_subject(ada: User) -> None:
    told = TOLD | {"title": "Harbour\rBcc: all@example.org\u2028and sea"}
    write_mail([mail_to(ada.pk, "submission_decided", "decided:1", "/", AT, told)])
    assert send_next(AT)
    (letter_sent,) = sent.outbox
    assert letter_sent.subject == "Accepted: Harbour Bcc: all@example.org and sea"


def test_one_that_cannot_be_written_does_not_hold_up_the_next(ada: User) -> None:
    write_mail([mail_to(ada.pk, "no_such_template", "first", "/", AT)])
    write(ada, "second")
    assert send_next(AT)
    assert send_next(AT)
    assert not send_next(AT)
    assert Mail.objects.get(sent_at=None).problem == "mail/no_such_template.txt"


def test_a_mail_server_that_says_nothing_is_given_up_after_one_mail_and_the_rest_waits(
    ada: User, settings: LazySettings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 0.1
        write(ada, "first")
        write(ada, "second")
        tasks.send_mail()
    assert list(Mail.objects.order_by("pk").values_list("tries", flat=True)) == [1, 0]
    assert "timed out" in Mail.objects.get(key="first").problem


def test_no_mail_server_holds_a_worker_until_it_is_stopped(settings: LazySettings) -> None:
    waits = EmailBackend().timeout
    assert waits is not None
    assert 2 * waits < settings.CELERY_TASK_SOFT_TIME_LIMIT


def test_what_mail_told_is_deleted_in_time_and_that_it_was_sent_to_whom_and_when_stays(
    ada: User, settings: LazySettings
) -> None:
    settings.MAIL_RETENTION_DAYS = 30
    for key in ("sent", "given up", "waiting"):
        write(ada, key)
    Mail.objects.filter(key="sent").update(sent_at=AT)
    Mail.objects.filter(key="given up").update(tries=MOST_TRIES, problem="550 no such user")
    assert forget_texts(AT + timedelta(days=30) - timedelta(seconds=1)) == 0
    assert forget_texts(AT + timedelta(days=30)) == 2
    assert forget_texts(AT + timedelta(days=30)) == 0
    assert list(Mail.objects.order_by("pk").values_list("recipient", "key", "told", "problem", "sent_at")) == [
        (ada.pk, "sent", {}, "", AT),
        (ada.pk, "given up", {}, "", None),
        (ada.pk, "waiting", TOLD, "", None),
    ]


def test_the_worker_deletes_what_old_mail_told(ada: User) -> None:
    write(ada)
    Mail.objects.update(sent_at=AT, written_at=timezone.now() - timedelta(days=400))
    tasks.delete_old_texts()
    assert Mail.objects.get().told == {}


def test_choosing_a_language_on_the_pages_chooses_that_of_the_mail(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.post("/language/", {"language": "de"})
    ada.refresh_from_db()
    assert ada.language == "de"
    for unknown in ("xx", "zh-hans"):  # Django has texts in the second, and we have none
        client.post("/language/", {"language": unknown})
        ada.refresh_from_db()
        assert ada.language == "de"
    write(ada)
    assert '<html lang="de">' in str(letter(Mail.objects.get()).alternatives[0][0])


def test_the_owner_of_a_held_upload_is_told_what_the_reviewer_decided_and_why(ana: Contributor) -> None:
    upload = submit(ana, jpeg_bytes(make_picture()))
    upload.verdict = Verdict.HOLD
    upload.save(update_fields=["verdict"])
    decide_submission(upload, Decision.OTHER, "It shows a logo.", make_user("rita", "reviewer"), JOINED_AT)
    tasks.send_mail()
    (letter_sent,) = sent.outbox
    assert letter_sent.to == ["ana@example.org"]
    assert letter_sent.subject == "Rejected: A picture"
    assert "It shows a logo." in letter_sent.body
    assert f"/contributor/submissions/{upload.pk}/" in letter_sent.body
