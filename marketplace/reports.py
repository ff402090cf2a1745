"""Reports of images by anybody: one opens a removal case, and so withholds the image, once its address is proved.

Whoever is logged in by that address has proved it. Others confirm the report by a signed link that is mailed to it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, Signer
from django.db import connection, transaction
from django.urls import reverse

from marketplace.core.removals import RemovalKind, RemovalRefused
from marketplace.mailing import mail_to_address, write_mail
from marketplace.models import Asset, Mail, RemovalCase, RemovalReport, User
from marketplace.removals import ThirdParty, open_case, require_statement

MOST_A_DAY = 10
CONFIRMATION = "report_to_confirm"
signer = Signer(salt="report")


@dataclass(frozen=True)
class Reporter:
    """Who reports, as they say, from which login if any, and the language that they read."""

    email: str
    login: User | AnonymousUser
    language: str


@transaction.atomic
def report_image(
    asset: Asset | None, kind: RemovalKind, statement: str, seen_at: str, by: Reporter, at: datetime
) -> RemovalReport:
    """Record a report. It has a case already where its address is proved; else a mail asks to confirm it.

    Raises `RemovalRefused` for an empty statement, and where one address reports too much.
    """
    require_statement(statement)
    _lock_address(by.email)
    today = RemovalReport.objects.filter(email__iexact=by.email, reported_at__gt=at - timedelta(days=1))
    if today.count() >= MOST_A_DAY:
        raise RemovalRefused(
            f"You reported {MOST_A_DAY} images within a day, which is the most: go on tomorrow, or write to us."
        )
    report = RemovalReport.objects.create(
        asset=asset, kind=kind, email=by.email, seen_at=seen_at, statement=statement.strip(), reported_at=at
    )
    if by.login.is_authenticated and _is_proved(by.login, by.email):
        confirm_report(report, at)
        report.refresh_from_db()
    else:
        page = reverse("confirm_report", args=[signer.sign(str(report.pk))])
        told = {"expires_at": expires_at(report).isoformat()}
        write_mail([mail_to_address(by.email, by.language, CONFIRMATION, f"report:{report.pk}", page, at, told)])
    return report


def _lock_address(email: str) -> None:
    """Reports from one address, however it is spelled, wait for each other here, so that each is counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"report by {email.lower()}"])


def _is_proved(login: User, email: str) -> bool:
    return bool(EmailAddress.objects.filter(user=login, email__iexact=email, verified=True).exists())


def expires_at(report: RemovalReport) -> datetime:
    """Until when a report can be confirmed; then it is deleted."""
    return report.reported_at + timedelta(days=settings.REPORT_DAYS)


def find_report(token: str, at: datetime) -> RemovalReport:
    """The report that a link is about. Raises `RemovalRefused` with a sentence for whoever opened it."""
    try:
        report = RemovalReport.objects.filter(pk=signer.unsign(token)).first()
    except BadSignature as error:
        raise RemovalRefused("This is no link of ours. Copy the whole link out of the mail.") from error
    if report is None or expires_at(report) <= at:
        raise RemovalRefused(
            "This link has expired. If you did not confirm your report with it, send the report again."
        )
    return report


@transaction.atomic
def confirm_report(report: RemovalReport, at: datetime) -> RemovalCase:
    """Open the case that a report asks for, once: the image is withheld and the deadline counts from now on."""
    locked = RemovalReport.objects.select_for_update(of=("self",)).select_related("case", "asset").get(pk=report.pk)
    if locked.case is None:
        party = ThirdParty(locked.email, locked.seen_at)
        locked.case = open_case(locked.asset, RemovalKind(locked.kind), locked.statement, party, at)
        locked.save(update_fields=["case"])
    return locked.case


def delete_reports(at: datetime) -> int:
    """Delete the reports, with their mail, whose time to confirm is over, and return how many; cases stay."""
    until = at - timedelta(days=settings.REPORT_DAYS)
    Mail.objects.filter(kind=CONFIRMATION, written_at__lte=until).delete()
    return RemovalReport.objects.filter(reported_at__lte=until).delete()[0]
