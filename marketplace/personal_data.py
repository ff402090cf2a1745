"""Personal data of a login in the marketplace: what an export hands out, and what an erasure takes away."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet

from marketplace.consents import record_consent
from marketplace.core.verdicts import Verdict
from marketplace.models import (
    ApiToken,
    Appeal,
    ConsentDefault,
    Contributor,
    Customer,
    CustomerNotice,
    Delivery,
    Download,
    Generation,
    GenerationRequest,
    HumanEdit,
    Invitation,
    Mail,
    OutputDecision,
    Project,
    ProjectLicence,
    PromptCheck,
    PromptContest,
    PromptReview,
    PromptText,
    RemovalCase,
    ScreeningResult,
    SelfDescription,
    SignedDeclaration,
    Submission,
    SubmissionDecision,
    TermsAcceptance,
    TrainingConsent,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from marketplace.services import lock_file

Records = dict[str, list[dict[str, Any]]]
LOGIN = ("username", "email", "first_name", "last_name", "language", "date_joined", "last_login")
TOKEN = ("name", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
SUBMISSION = (
    "id",
    "file_name",
    "title",
    "keywords",
    "licence",
    "captured_at",
    "submitted_at",
    "sha256",
    "training_consent",
    "verdict",
)
PROMPT = ("id", "kept_text__text", "outcome", "findings", "checked_at")
NAMED_AFTER_IT = ("original", "preview", "thumbnail")


def records_of(user: User) -> Records:
    """All rows of the marketplace about a person, by what they are."""
    submissions = Submission.objects.filter(contributor__user=user)
    downloads = Download.objects.filter(customer__user=user)
    return {
        "login": rows(User.objects.filter(pk=user.pk), *LOGIN),
        "email_addresses": rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "second_factors": rows(Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"),
        "invitations": rows(
            Invitation.objects.filter(accepted_by=user), "email", "role", "name", "invited_at", "accepted_at"
        ),
        "api_tokens": rows(ApiToken.objects.filter(user=user), *TOKEN),
        "webhook_endpoints": rows(WebhookEndpoint.objects.filter(user=user), "url", "events", "created_at"),
        "webhook_deliveries": rows(
            WebhookDelivery.objects.filter(endpoint__user=user), "endpoint__url", "event", "body", "taken_at"
        ),
        "mail": rows(Mail.objects.filter(recipient=user), "kind", "told", "written_at", "sent_at"),
        "contributor": rows(Contributor.objects.filter(user=user), "id", "name", "country", "joined_at"),
        "self_description": rows(SelfDescription.objects.filter(contributor__user=user), "gender", "region", "said_at"),
        "customer": rows(Customer.objects.filter(user=user), "id", "name", "joined_at"),
        "submissions": rows(submissions, *SUBMISSION),
        "screening_results": rows(
            ScreeningResult.objects.filter(submission__in=submissions),
            *("submission_id", "verdict", "reasons", "signals", "version", "screened_at"),
        ),
        "declarations": rows(
            SignedDeclaration.objects.filter(signed_by=user), "submission_id", "version", "sha256", "signed_at"
        ),
        "appeals": rows(Appeal.objects.filter(appealed_by=user), "submission_id", "statement", "appealed_at"),
        "decisions_of_submissions": rows(
            SubmissionDecision.objects.filter(Q(submission__in=submissions) | Q(decided_by=user)),
            *("submission_id", "decision", "reason", "decided_at"),
        ),
        "decisions_of_generations": rows(
            OutputDecision.objects.filter(decided_by=user), "output_check_id", "decision", "reason", "decided_at"
        ),
        "training_consents": rows(
            TrainingConsent.objects.filter(asset__contributor__user=user), "asset_id", "granted", "effective_at"
        ),
        "generation_requests": rows(
            GenerationRequest.objects.filter(customer__user=user),
            *("prompt", "seed", "must_show_no_people", "requested_at", "generation_id"),
        ),
        "consent_defaults": rows(ConsentDefault.objects.filter(contributor__user=user), "granted", "recorded_at"),
        "removal_cases": rows(
            RemovalCase.objects.filter(Q(opened_by=user) | Q(asset__contributor__user=user)),
            *("id", "asset_id", "kind", "opener", "statement", "opened_at", "decision__outcome", "decision__reason"),
        ),
        "notices": rows(CustomerNotice.objects.filter(customer__user=user), "download_ids", "text", "written_at"),
        "terms_accepted": rows(
            TermsAcceptance.objects.filter(user=user), "audience", "version", "sha256", "accepted_at"
        ),
        "prompts": rows(PromptCheck.objects.filter(asked_by=user), *PROMPT),
        "prompt_contests": rows(
            PromptContest.objects.filter(prompt_check__asked_by=user), "prompt_check_id", "statement", "contested_at"
        ),
        "decisions_of_prompts": rows(
            PromptReview.objects.filter(Q(prompt_check__asked_by=user) | Q(decided_by=user)),
            *("prompt_check_id", "decision", "reason", "decided_at"),
        ),
        "licences": rows(downloads, "id", "generation_id", "gross_minor", "currency", "downloaded_at"),
        "licence_certificates": rows(
            Delivery.objects.filter(download__in=downloads), "download_id", "certificate", "delivered_at"
        ),
        "human_edits": rows(
            HumanEdit.objects.filter(download__in=downloads), "download_id", "description", "recorded_at"
        ),
        "projects": rows(Project.objects.filter(customer__user=user), "id", "name", "created_at"),
        "licences_in_projects": rows(
            ProjectLicence.objects.filter(project__customer__user=user), "project_id", "download_id", "put_in_at"
        ),
    }


def files_of(user: User) -> Iterator[tuple[str, Path]]:
    """The files that they uploaded, by the name that an export gives each; those that are gone are left out."""
    for submission in Submission.objects.filter(contributor__user=user).exclude(original="").order_by("pk"):
        path = Path(submission.original.path)
        if path.exists():
            yield f"{submission.pk}{Path(submission.file_name).suffix}", path


def rows(queryset: QuerySet[Any], *fields: str) -> list[dict[str, Any]]:
    """These fields of each row, in the order of the rows' ids."""
    return list(queryset.order_by("pk").values(*fields))


def forget_login(user: User) -> None:
    """Put a pseudonym in the place of the login's name and address, and let nobody come in with it again.

    Its tokens, its addresses for webhooks and its mail, of which some may wait to be sent, go.
    """
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    Invitation.objects.filter(Q(accepted_by=user) | Q(email__iexact=user.email)).update(
        email=f"erased-{user.pk}@erased.invalid", name=""
    )
    PromptText.objects.filter(prompt_check__asked_by=user).delete()
    user.api_tokens.all().delete()
    user.webhook_endpoints.all().delete()
    user.mail.all().delete()
    user.groups.clear()
    user.username = f"erased-{user.pk}"
    user.email = f"erased-{user.pk}@erased.invalid"
    user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()


def forget_contributor(contributor: Contributor, at: datetime) -> None:
    """Leave a number in the place of their name, and only those pictures that others' books point to.

    Originals go, what they say of themselves, and all that is kept of uploads that were not accepted. The small copies
    of an accepted image stay: inspiration lists, copy checks and the reasons of payouts refer to it. It is in no
    training set from now on.
    """
    files: set[str] = set()
    for submission in contributor.submissions.select_related("asset"):
        is_asset = hasattr(submission, "asset")
        for field in NAMED_AFTER_IT[:1] if is_asset else NAMED_AFTER_IT:
            files.add(getattr(submission, field).name)
            setattr(submission, field, "")
        submission.title = submission.file_name = f"Image {submission.pk}"
        submission.keywords = []
        submission.save()
    record_consent(contributor.assets.all(), granted=False, effective_at=at, at=at)
    SelfDescription.objects.filter(contributor=contributor).delete()
    contributor.name = f"Contributor {contributor.pk}"
    contributor.save(update_fields=["name"])
    transaction.on_commit(lambda: _delete_unused(files - {""}))


def forget_customer(customer: Customer) -> None:
    """Leave a number in the place of their name; projects, which are no part of the books, go."""
    customer.projects.all().delete()
    customer.name = f"Customer {customer.pk}"
    customer.save(update_fields=["name"])


def _delete_unused(files: set[str]) -> None:
    """Delete files that nobody else's upload and no generation is stored in: the same bytes are stored once."""
    for name in files:
        with transaction.atomic():
            lock_file(Path(name).stem)
            uploads = Submission.objects.filter(Q(original=name) | Q(preview=name) | Q(thumbnail=name))
            if not uploads.exists() and not Generation.objects.filter(preview=name).exists():
                default_storage.delete(name)


def waits_for_reviewers(user: User) -> bool:
    """Whether an upload of theirs is held, or an appeal or a removal of an image of theirs not decided."""
    if RemovalCase.objects.filter(asset__contributor__user=user, decision=None).exists():
        return True
    undecided = Q(verdict=Verdict.HOLD) | Q(appeal__isnull=False, appeal__decision__isnull=True)
    return Submission.objects.filter(undecided, contributor__user=user).exists()
