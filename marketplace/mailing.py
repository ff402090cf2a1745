"""The outbox: mail is written in the transaction of what it tells, and sent by a worker, in the recipient's language.

What is rolled back is told to nobody, and what is committed is told once: the row is locked while it is sent. Only
where a worker dies between the mail server's answer and its own commit does a mail go out again, with the same
Message-ID, by which mailboxes know it.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from smtplib import SMTPServerDisconnected
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation

from marketplace.models import Mail

MAILS_AT_ONCE = 2_000
MOST_TRIES = 10
FIRST_WAIT = timedelta(minutes=2)  # then twice as long each time: a day and a half in all
AWAY = (ConnectionError, TimeoutError, SMTPServerDisconnected)
LOCAL_SITE = "http://localhost:8000"

logger = logging.getLogger(__name__)


def mail_to(
    recipient_id: int, kind: str, key: str, path: str, at: datetime, told: Mapping[str, Any] | None = None
) -> Mail:
    """One mail, not written yet. `path` is that of the page that it leads to, `told` what its template is given."""
    return Mail(recipient_id=recipient_id, kind=kind, key=key, path=path, told=told or {}, written_at=at, due_at=at)


def mail_to_address(
    address: str, language: str, kind: str, key: str, path: str, at: datetime, told: Mapping[str, Any] | None = None
) -> Mail:
    """As `mail_to`, to somebody without a login, in the language that they read."""
    return Mail(
        address=address, language=language, kind=kind, key=key, path=path, told=told or {}, written_at=at, due_at=at
    )


def write_mail(mails: Iterable[Mail]) -> None:
    """Write mail, each once for its key, to be sent after the transaction. Call it in that of what the mail tells."""
    rest = iter(mails)
    while some := list(islice(rest, MAILS_AT_ONCE)):
        Mail.objects.bulk_create(some, ignore_conflicts=True)


def send_next(at: datetime) -> bool:
    """Send the mail that has waited longest; False where none is due or the mail server is away.

    What is not sent is tried again later.
    """
    with transaction.atomic():
        due = Mail.objects.exclude(recipient__email="").filter(sent_at=None, due_at__lte=at, tries__lt=MOST_TRIES)
        mail = (
            due.select_for_update(skip_locked=True, of=("self",)).select_related("recipient").order_by("due_at").first()
        )
        if mail is None:
            return False
        is_away = False
        mail.due_at, mail.tries = at + FIRST_WAIT * 2**mail.tries, mail.tries + 1
        try:
            letter(mail).send()
        except Exception as error:  # also one that cannot be written: it must not keep all others waiting
            logger.exception("Mail %s was not sent", mail.pk)
            mail.problem = str(error) or type(error).__name__
            is_away = isinstance(error, AWAY)
        else:
            mail.sent_at, mail.problem = at, ""
        mail.save(update_fields=["due_at", "tries", "problem", "sent_at"])
        return not is_away


def forget_texts(at: datetime) -> int:
    """Delete what mail told whose time is over, and return of how many; what it was, to whom and when stays.

    The time of `MAIL_RETENTION_DAYS` begins when it is written. What is still to be sent is kept.
    """
    over = Mail.objects.filter(written_at__lte=at - timedelta(days=settings.MAIL_RETENTION_DAYS)).exclude(told={})
    return over.filter(Q(sent_at__isnull=False) | Q(tries__gte=MOST_TRIES)).update(told={}, problem="")


def letter(mail: Mail) -> EmailMultiAlternatives:
    """The mail as text and HTML. The first line of its template is the subject, the rest its paragraphs."""
    site = (settings.SITE_URL or LOCAL_SITE).rstrip("/")
    address, language = (
        (mail.recipient.email, mail.recipient.language) if mail.recipient else (mail.address, mail.language)
    )
    with translation.override(language):
        told = {name: _read(name, value) for name, value in mail.told.items()}
        subject, _, text = render_to_string(f"mail/{mail.kind}.txt", told).strip().partition("\n")
        subject = " ".join(subject.split())  # no header holds the line breaks that a title may have
        context = {"subject": subject, "text": text.strip(), "url": f"{site}{mail.path}"}
        written = EmailMultiAlternatives(
            subject,
            render_to_string("mail/letter.txt", context),
            to=[address],
            headers={"Message-ID": f"<{hashlib.sha256(mail.key.encode()).hexdigest()}@{urlsplit(site).hostname}>"},
        )
        written.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    return written


def _read(name: str, value: Any) -> Any:
    """Dates and times as templates format them."""
    if isinstance(value, str) and name.endswith("_on"):
        return date.fromisoformat(value)
    if isinstance(value, str) and name.endswith("_at"):
        return datetime.fromisoformat(value)
    return value
