"""Writes of the marketplace. Each takes the time it happens at, and either does all it says or nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from marketplace.consents import hold_consents
from marketplace.core.model_states import ModelRefused, ModelState
from marketplace.core.terms import Audience
from marketplace.core.verdicts import Signal, Verdict
from marketplace.declaration import current_declaration
from marketplace.files import store
from marketplace.generators.base import GeneratedImage
from marketplace.images import PREVIEW_EDGE, derivative, sha256_hex
from marketplace.model_cards import current_card
from marketplace.models import (
    Asset,
    Contributor,
    Customer,
    Download,
    DownloadTerms,
    Generation,
    GenerationHash,
    GeneratorModel,
    PromptCheck,
    RemixTruth,
    ScreeningResult,
    SignedDeclaration,
    Submission,
    TermsAcceptance,
    TrainingConsent,
    TrainingSet,
    TrainingSetMember,
    UploadTerms,
    User,
)
from marketplace.near_hashes import stored_hash
from marketplace.output_checks import require_for_sale
from marketplace.own_generations import find_own, judge, open_copy_incidents
from marketplace.screening import confined
from marketplace.screening.report import Picture
from marketplace.selectors import assets_with_consent
from marketplace.terms import newest_acceptance
from marketplace.webhook_outbox import tell_decided


class NoTrainingSet(ValueError):
    """A generator model without a training set: nobody could be attributed, so nothing of it can be sold."""


class AlreadyGenerated(ValueError):
    """Another generator model made the very same file before: one file cannot be sold as the work of two."""


@dataclass(frozen=True)
class Details:
    """What a contributor says of a file that they submit."""

    file_name: str
    title: str
    keywords: tuple[str, ...]
    licence: str
    captured_at: datetime | None = None
    training_consent: bool = True
    signed_by: User | None = None
    """Who signs the declaration with the upload; an import has none."""


def submit_asset(contributor: Contributor, data: bytes, details: Details, at: datetime) -> tuple[Submission, bool]:
    """Screen a file and record the verdict with its evidence; an accepted one becomes an asset.

    Returns the submission and whether it is new: the same file from the same contributor is the same submission, and
    submitting it again changes nothing.
    """
    sha256 = sha256_hex(data)
    known = Submission.objects.filter(contributor=contributor, sha256=sha256).first()
    if known is not None:
        return known, False
    report = confined.screen(data)
    with transaction.atomic():
        lock_file(sha256)
        original = store("originals", data, "")
        picture = _store_picture(report.picture) if report.picture else {}
        own = find_own(sha256, report.picture)
        report = report.with_signals([*first_ingested_by_another(contributor, sha256), *judge(own, at)])
        submission, is_new = Submission.objects.get_or_create(
            contributor=contributor,
            sha256=sha256,
            defaults={
                "original": original,
                "file_name": details.file_name,
                "title": details.title,
                "keywords": list(details.keywords),
                "licence": details.licence,
                "captured_at": details.captured_at,
                "submitted_at": at,
                "training_consent": details.training_consent,
                **picture,
                "verdict": report.verdict,
            },
        )
        if not is_new:
            return submission, False
        ScreeningResult.objects.create(
            submission=submission,
            verdict=report.verdict,
            reasons=list(report.reasons),
            signals=[asdict(signal) for signal in report.signals],
            version=report.version,
            screened_at=at,
        )
        open_copy_incidents(submission, own, at)
        if details.signed_by:
            _sign(submission, details.signed_by, at)
            if acceptance := newest_acceptance(details.signed_by, Audience.CONTRIBUTOR, at):
                UploadTerms.objects.create(submission=submission, acceptance=acceptance)
        if report.verdict is Verdict.ACCEPT:
            add_asset(submission, at)
        tell_decided(submission, at)
    return submission, True


def _store_picture(picture: Picture) -> dict[str, Any]:
    """What is kept of a readable picture, by field of the submission and of the asset."""
    return {
        "preview": _store_locked("previews", picture.preview),
        "thumbnail": _store_locked("thumbnails", picture.thumbnail),
        "width": picture.width,
        "height": picture.height,
    }


def _store_locked(folder: str, jpeg: bytes) -> str:
    lock_file(sha256_hex(jpeg))
    return store(folder, jpeg, ".jpg")


def _sign(submission: Submission, signed_by: User, at: datetime) -> None:
    declaration = current_declaration()
    SignedDeclaration.objects.create(
        submission=submission,
        version=declaration.version,
        sha256=declaration.sha256,
        signed_by=signed_by,
        signed_at=at,
    )


def lock_file(sha256: str) -> None:
    """Two people submitting the same bytes at once wait for each other here, so that one of them is first.

    So does an erasure that would delete the file: what is stored under the lock is there when the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(sha256[:15], 16)])


def first_ingested_by_another(contributor: Contributor, sha256: str) -> list[Signal]:
    """A hold where the same bytes are an asset of another contributor already."""
    first = Asset.objects.filter(sha256=sha256).exclude(contributor=contributor).first()
    if first is None:
        return []
    value = f"{sha256[:16]}…, the same bytes as asset {first.pk}, ingested {first.ingested_at:%Y-%m-%d %H:%M} UTC"
    evidence = {"field": "SHA-256 of the file", "value": value, "tool": "Tributary"}
    return [Signal("same_bytes", Verdict.HOLD, "first_submitted_by_another_contributor", evidence)]


def add_asset(submission: Submission, at: datetime) -> None:
    """Make an accepted submission an asset, with the training consent that came with it."""
    assert submission.width is not None  # an accepted file was decoded
    assert submission.height is not None
    asset = Asset.objects.create(
        submission=submission,
        contributor_id=submission.contributor_id,
        sha256=submission.sha256,
        preview=submission.preview.name,
        thumbnail=submission.thumbnail.name,
        width=submission.width,
        height=submission.height,
        ingested_at=at,
    )
    TrainingConsent.objects.create(asset=asset, granted=submission.training_consent, effective_at=at, recorded_at=at)


@transaction.atomic
def freeze_training_set(
    name: str, version: str, at: datetime, weights_ppm: Mapping[str, int] = MappingProxyType({})
) -> TrainingSet:
    """Freeze all assets with training consent at that time into a new training set, with weights by keyword in ppm.

    Raises `NoTrainingSet` where no asset has consent, or none of a group that has a weight.
    """
    hold_consents()
    training_set = TrainingSet.objects.create(name=name, version=version, weights_ppm=dict(weights_ppm), created_at=at)
    members = [
        TrainingSetMember(training_set=training_set, asset_id=asset_id)
        for asset_id in assets_with_consent(at).order_by("pk").values_list("pk", flat=True).iterator()
    ]
    if not members:
        raise NoTrainingSet(f"Training set {name} {version} would be empty: no asset has training consent at {at}.")
    TrainingSetMember.objects.bulk_create(members, batch_size=5_000)
    for keyword in weights_ppm:
        if not training_set.members.filter(asset__submission__keywords__contains=[keyword]).exists():
            raise NoTrainingSet(f"No image of {name} {version} has the keyword {keyword!r}, which a weight is for.")
    training_set.frozen_at = at
    training_set.save(update_fields=["frozen_at"])
    return training_set


def record_generation(
    model: GeneratorModel,
    made: GeneratedImage,
    file: bytes,
    suffix: str,
    at: datetime,
    prompt_check: PromptCheck,
    *,
    must_show_no_people: bool = False,
) -> Generation:
    """Record a generated image, its file for customers, the model's card as it is now and the check of its prompt.

    The same file from the same model is the same generation: recording it again changes nothing. Raises
    `AlreadyGenerated` where another model made it, or where it must show no people and was recorded before without that
    requirement, which stays as it was recorded; `ModelRefused` where the model is retired, and `NoTrainingSet` where
    it has none: its sales could not be attributed to anybody.
    """
    if model.state == ModelState.RETIRED:
        raise ModelRefused(f"Generator model {model} is retired: nothing that it makes can be sold.")
    if model.training_set is None or model.training_set.frozen_at is None:
        raise NoTrainingSet(f"Generator model {model} has no frozen training set: give it one before it generates.")
    encoded = derivative(made.image, PREVIEW_EDGE)
    with transaction.atomic():
        generation, is_new = Generation.objects.get_or_create(
            sha256=sha256_hex(file),
            defaults={
                "generator_model": model,
                "training_set": model.training_set,
                "model_card": current_card(model, at),
                "prompt": made.prompt,
                "prompt_check": prompt_check,
                "seed": made.seed,
                "must_show_no_people": must_show_no_people,
                "parameters": dict(made.parameters),
                "file": store("generations", file, suffix),
                "preview": _store_locked("previews", encoded),
                "width": made.image.width,
                "height": made.image.height,
                "generated_at": at,
            },
        )
        if is_new:
            GenerationHash.objects.create(generation=generation, hash=stored_hash(encoded), hashed_at=at)
        if is_new and made.truth is not None:
            RemixTruth.objects.create(
                generation=generation,
                asset_ids=[source.asset_id for source in made.truth],
                weights_ppm=[source.weight_ppm for source in made.truth],
            )
    if generation.generator_model_id != model.pk:
        raise AlreadyGenerated(
            f"Generator model {model} made the same file as generation {generation.pk} of "
            f"{generation.generator_model}: give it another prompt or seed."
        )
    if must_show_no_people and not generation.must_show_no_people:
        raise AlreadyGenerated(
            f"The same picture was made before, as generation {generation.pk}, and nobody required that it shows no "
            "people: give another prompt or seed."
        )
    return generation


def record_download(
    customer: Customer,
    generation: Generation,
    *,
    gross_minor: int,
    currency: str,
    at: datetime,
    idempotency_key: str,
    accepted: TermsAcceptance | None = None,
) -> Download:
    """Record a paid download once: the same key returns the first one.

    It is under the terms that were accepted for it, or else those that the customer accepted last. Raises `NotForSale`
    for a generation that is not checked, or held or refused; `ValueError` for a price in another currency than the
    settlement currency, and for a known key that comes with another customer, generation or price.
    """
    if currency != settings.SETTLEMENT_CURRENCY:
        raise ValueError(f"Sales are settled in {settings.SETTLEMENT_CURRENCY}, and this price is in {currency}.")
    if not Download.objects.filter(idempotency_key=idempotency_key).exists():
        require_for_sale(generation)
    with transaction.atomic():
        download, is_new = Download.objects.get_or_create(
            idempotency_key=idempotency_key,
            defaults={
                "customer": customer,
                "generation": generation,
                "gross_minor": gross_minor,
                "currency": currency,
                "downloaded_at": at,
            },
        )
        accepted = accepted or newest_acceptance(customer.user, Audience.CUSTOMER, at)
        if is_new and accepted:
            DownloadTerms.objects.create(download=download, acceptance=accepted)
    asked = (customer.pk, generation.pk, gross_minor)
    if (download.customer_id, download.generation_id, download.gross_minor) != asked:
        raise ValueError(f"The key {idempotency_key} already records another download: use a new key for a new one.")
    return download
