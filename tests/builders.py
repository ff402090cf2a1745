"""Records for tests, made by the same services that make them in earnest; each function makes one thing and returns it.

Time stands still here: things are sold in October 2026 and the month is closed in November.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import count
from uuid import uuid4

import numpy as np
from django.contrib.auth.models import Group
from numpy.typing import NDArray
from PIL import Image

from attribution.attribute import attribute
from attribution.core.shares import METHOD, VERSION, EnergyParameters
from attribution.duplicates import find_duplicates, hash_assets
from attribution.groups import copies_in
from attribution.lists import add_daily_shares
from attribution.models import (
    WIDTH,
    AttributionBatch,
    DuplicateCheck,
    Embedding,
    Encoder,
    EncoderState,
    GenerationEmbedding,
    InspirationList,
    Method,
    NearDuplicate,
    PerceptualHash,
    Proof,
)
from attribution.tiles import quantised, tile_count
from marketplace.core.periods import Month
from marketplace.core.ppm import WHOLE_PPM
from marketplace.core.release import Outcome
from marketplace.core.terms import Audience
from marketplace.generator_models import AuditFindings, put_on_sale, record_model_audit, save_generator_model
from marketplace.generators.base import GeneratedImage
from marketplace.logins import give_second_factor
from marketplace.models import (
    Asset,
    Contributor,
    Customer,
    Download,
    Generation,
    GeneratorModel,
    PeopleCheck,
    PromptCheck,
    Submission,
    TrainingSet,
    User,
)
from marketplace.output_checks import record_output_check
from marketplace.permissions import lacks_second_factor
from marketplace.prompts.checking import check_prompt
from marketplace.services import Details, freeze_training_set, record_download, record_generation, submit_asset
from marketplace.terms import accept_current_terms
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.core.tax_forms import TaxFormKind
from payouts.models import ConnectedAccount, Period, Policy, TaxFormReview
from payouts.tax_forms import record_tax_form

OCTOBER = Month(2026, 10)
PARAMETERS = EnergyParameters(lo=0.2, r0=0.5, support=0.0, whole=1.0)
"""By which everybody shares whom a made-up picture resembles, and something is left."""
JOINED_AT = datetime(2026, 9, 1, 8, tzinfo=UTC)
FROZEN_AT = datetime(2026, 9, 20, 8, tzinfo=UTC)
SOLD_AT = datetime(2026, 10, 14, 12, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = count(1)  # makes each picture, file and prompt different from all others


def make_user(username: str, *groups: str, is_superuser: bool = False, has_second_factor: bool = True) -> User:
    """A login with `PASSWORD`, in the named groups; whoever needs a second factor has one unless told otherwise."""
    user = User.objects.create_user(
        username, f"{username}@example.org", PASSWORD, is_superuser=is_superuser, is_staff=is_superuser
    )
    user.groups.set(Group.objects.get_or_create(name=name)[0] for name in groups)
    if has_second_factor and lacks_second_factor(user):
        give_second_factor(user)
    return user


def make_finance(username: str) -> User:
    """A finance person."""
    return make_user(username, "finance")


def make_contributor(name: str, *, country: str = "DE", has_login: bool = True) -> Contributor:
    """A contributor; their login is their name in lower case."""
    user = make_user(name.lower()) if has_login else None
    made = Contributor.objects.create(name=name, country=country, user=user, joined_at=JOINED_AT)
    if user:
        accept_current_terms(user, Audience.CONTRIBUTOR, JOINED_AT)
    return made


def make_customer(name: str, *, has_login: bool = True) -> Customer:
    """A customer; their login is their name in lower case."""
    user = make_user(name.lower()) if has_login else None
    made = Customer.objects.create(name=name, user=user, joined_at=JOINED_AT)
    if user:
        accept_current_terms(user, Audience.CUSTOMER, JOINED_AT)
    return made


def make_picture(seed: int | None = None, width: int = 96, height: int = 64) -> Image.Image:
    """A small picture of coloured gradients; every seed gives another one, and so does every call without a seed."""
    rng = np.random.default_rng(next(_numbers) if seed is None else seed)
    corners = rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC)


def make_textured_picture(seed: int, edge: int = 480) -> Image.Image:
    """A square picture with as much in it as a photograph has, so that its perceptual hash is steady."""
    rng = np.random.default_rng(seed)
    coarse, fine = (
        Image.fromarray(rng.integers(0, 256, (size, size, 3), dtype=np.uint8)).resize((edge, edge), 3)
        for size in (5, 40)
    )
    return Image.blend(coarse, fine, 0.4)


def jpeg_bytes(picture: Image.Image) -> bytes:
    """The picture as a JPEG file."""
    out = BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def submit(contributor: Contributor, data: bytes, *, title: str = "A picture", at: datetime = JOINED_AT) -> Submission:
    """Submit a file, whatever the screen then says of it."""
    details = Details(f"{title}.jpg", title, ("sample",), "All rights reserved")
    return submit_asset(contributor, data, details, at)[0]


def make_asset(contributor: Contributor, *, title: str = "A picture", seed: int | None = None) -> Asset:
    """An accepted picture of the contributor, with training consent."""
    return Asset.objects.get(submission=submit(contributor, jpeg_bytes(make_picture(seed)), title=title))


def make_training_set(name: str = "catalogue", version: str = "1") -> TrainingSet:
    """All assets with consent, frozen: make the assets first."""
    return freeze_training_set(name, version, FROZEN_AT)


def make_generator_model(training_set: TrainingSet | None, name: str = "sample") -> GeneratorModel:
    """A generator model trained on the set, audited and on sale; without a set, a draft."""
    model = make_draft_model(training_set, name)
    if training_set:
        audit_and_sell(model)
    return model


def audit_and_sell(model: GeneratorModel) -> None:
    """Record an audit that found no copies, without looking at pictures, and put the model on sale."""
    assert model.training_set
    assert model.training_set.frozen_at
    at = max(FROZEN_AT, model.training_set.frozen_at)
    found = AuditFindings(generations=40, near_copies=0, possible_copies=1, method="made-up 1", report_sha256="0" * 64)
    record_model_audit(model, model.training_set, found, at)
    put_on_sale(model, None, at)
    model.refresh_from_db()


def make_draft_model(training_set: TrainingSet | None, name: str = "sample") -> GeneratorModel:
    """A generator model that nobody has audited yet, with all that its card needs."""
    model = GeneratorModel(
        backend="remix",
        name=name,
        version="1",
        provider="Tests",
        licence="Commercial use",
        description="Made for tests.",
        data_origin="Pictures of gradients.",
        evaluation="None beyond these tests.",
        known_limits="It makes nothing but gradients.",
        training_set=training_set,
        created_at=FROZEN_AT,
    )
    save_generator_model(model, FROZEN_AT)
    return model


def make_prompt_check(prompt: str = "a quiet harbour") -> PromptCheck:
    """The check of a prompt, by nobody in particular."""
    return check_prompt(prompt, None, FROZEN_AT)


def make_generation(
    model: GeneratorModel,
    prompt: str = "a quiet harbour",
    *,
    is_checked: bool = True,
    picture: Image.Image | None = None,
    must_show_no_people: bool = False,
) -> Generation:
    """A generated picture unlike all others or the given one, checked and for sale unless told otherwise."""
    seed = next(_numbers)
    picture = picture or make_picture(10_000 + seed)
    made = GeneratedImage(image=picture, prompt=prompt, seed=seed, parameters={})
    check = make_prompt_check(prompt)
    generation = record_generation(
        model, made, jpeg_bytes(picture), ".jpg", FROZEN_AT, check, must_show_no_people=must_show_no_people
    )
    if is_checked:
        found = record_output_check(generation, Outcome.CLEAR, "It resembles no image of the training set.", FROZEN_AT)
        if must_show_no_people:
            PeopleCheck.objects.create(
                generation=generation, output_check=found, checked_with="MTCNN 1", checked_at=FROZEN_AT
            )
    return generation


def make_download(
    customer: Customer, generation: Generation, *, gross_minor: int = 1_000, at: datetime = SOLD_AT
) -> Download:
    """A paid download, not booked and not attributed yet."""
    return record_download(
        customer, generation, gross_minor=gross_minor, currency="USD", at=at, idempotency_key=str(uuid4())
    )


def make_encoder(name: str = "made-up", *, is_current: bool = True) -> Encoder:
    """The record of an encoder without a model: its vectors are given by the tests."""
    return Encoder.objects.create(
        name=name,
        fingerprint=uuid4().hex,
        recipe={"name": name, "model": "made-up", "checkpoint": "/not/there", "blocks": []},
        state=EncoderState.CURRENT if is_current else EncoderState.RETIRED,
        registered_at=JOINED_AT,
    )


def unit_vector(*parts: float) -> NDArray[np.float32]:
    """A unit vector (512,) along the given parts of its first dimensions."""
    vector = np.zeros(WIDTH, np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def same_tiles(vector: NDArray[np.float32], encoder: Encoder) -> bytes:
    """The stored tiles of a picture that looks the same all over."""
    return np.repeat(quantised(vector[None]), tile_count(encoder.recipe["blocks"]), axis=0).tobytes()


def embed_asset(asset: Asset, encoder: Encoder, vector: NDArray[np.float32], *, is_checked: bool = True) -> Embedding:
    """Store a vector as the asset's embedding, and that it was compared with earlier ones and is no copy of any."""
    if is_checked:
        PerceptualHash.objects.get_or_create(asset=asset, defaults={"hash": asset.pk, "hashed_at": JOINED_AT})
        DuplicateCheck.objects.get_or_create(asset=asset, defaults={"compared_count": 0, "checked_at": JOINED_AT})
    return Embedding.objects.create(asset=asset, encoder=encoder, vector=vector, tiles=same_tiles(vector, encoder))


def compare_assets() -> None:
    """Look for near-duplicates among all embedded assets."""
    hash_assets(JOINED_AT)
    while find_duplicates(JOINED_AT):
        pass


def link_copy(asset: Asset, original: Asset, at: datetime) -> NearDuplicate:
    """Let an asset count as a copy of another from that time on, without looking at their pictures."""
    evidence = {
        "inliers": 40,
        "inlier_ratio": 0.9,
        "is_mirrored": False,
        "region": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
        "region_of_original": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
        "agreed_ppm": 900_000,
        "agreed_ppm_of_original": 900_000,
        "hash_distance": 2,
    }
    return NearDuplicate.objects.create(
        asset=asset, original=original, proof=Proof.FEATURES, evidence=evidence, detected_at=at
    )


def embed_generation(generation: Generation, encoder: Encoder, vector: NDArray[np.float32]) -> GenerationEmbedding:
    """Store a vector as the generation's embedding."""
    return GenerationEmbedding.objects.create(
        generation=generation, encoder=encoder, vector=vector, tiles=same_tiles(vector, encoder)
    )


def make_inspiration_list(
    download: Download, shares_ppm: Mapping[Asset, int], encoder: Encoder, similarities: Sequence[float] = ()
) -> InspirationList:
    """An inspiration list with the given shares, the rest unattributed, under any encoder."""
    made = InspirationList.objects.create(
        download=download,
        downloaded_at=download.downloaded_at,
        batch=_make_batch(download, encoder),
        asset_ids=[asset.pk for asset in shares_ppm],
        contributor_ids=[asset.contributor_id for asset in shares_ppm],
        similarities=list(similarities) or [0.5] * len(shares_ppm),
        shares_ppm=list(shares_ppm.values()),
        unattributed_ppm=WHOLE_PPM - sum(shares_ppm.values()),
    )
    add_daily_shares([made.batch_id])
    return made


def attribute_download(download: Download, encoder: Encoder) -> InspirationList:
    """The inspiration list that the stored vectors give: embed the training set and the generation first."""
    generation = download.generation
    copies = copies_in(generation.training_set_id, SOLD_AT + timedelta(hours=1))
    shares = attribute([generation.pk], generation.training_set_id, encoder, PARAMETERS, copies)[generation.pk]
    assets = Asset.objects.in_bulk(shares.asset_ids)
    shares_ppm = {assets[pk]: ppm for pk, ppm in zip(shares.asset_ids, shares.share_ppm, strict=True)}
    return make_inspiration_list(download, shares_ppm, encoder, shares.similarities)


def make_attributed_downloads(
    contributors: Sequence[Contributor], customer: Customer, count: int = 3, *, with_policy: bool = True
) -> list[Download]:
    """Downloads of October with real inspiration lists: each resembles everybody's one image, in turn one of them most.

    Makes the images, the encoder, the training set, the model and, unless told otherwise, the policy too.
    """
    encoder = make_encoder()
    for place, contributor in enumerate(contributors):
        asset = make_asset(contributor, title=f"A picture by {contributor}")
        embed_asset(asset, encoder, unit_vector(*([0] * place), 1))
    model = make_generator_model(make_training_set())
    if with_policy:
        make_policy()
    downloads = []
    for number in range(count):
        generation = make_generation(model)
        parts = [0.5] * len(contributors) + [1.8]
        parts[number % len(contributors)] = 0.8
        embed_generation(generation, encoder, unit_vector(*parts))
        downloads.append(make_download(customer, generation, at=SOLD_AT + timedelta(days=number)))
        attribute_download(downloads[-1], encoder)
    return downloads


def _make_batch(download: Download, encoder: Encoder) -> AttributionBatch:
    method, _ = Method.objects.get_or_create(name=METHOD, version=VERSION, parameters=asdict(PARAMETERS))
    return AttributionBatch.objects.create(
        encoder=encoder,
        method=method,
        training_set=download.generation.training_set,
        download_count=1,
        finished_at=SOLD_AT + timedelta(hours=1),
    )


def make_policy(*, contributor_rate_ppm: int = 400_000, fee_ppm: int = 30_000, threshold_minor: int = 100) -> Policy:
    """The rules in force from before the first sale."""
    return Policy.objects.create(
        effective_at=JOINED_AT,
        contributor_rate_ppm=contributor_rate_ppm,
        fee_ppm=fee_ppm,
        threshold_minor=threshold_minor,
    )


def make_closed_month(closed_by: User, approved_by: User, month: Month = OCTOBER) -> Period:
    """Book what was sold and close the month, which has its downloads, their inspiration lists and a policy already."""
    book_downloads(CLOSED_AT)
    close_period(month, closed_by, CLOSED_AT)
    return approve_close(month, approved_by, CLOSED_AT)


def make_tax_form(
    contributor: Contributor, kind: TaxFormKind = TaxFormKind.W8BEN, *, rejected_because: str = ""
) -> TaxFormReview:
    """A form that finance reviewed: the one for most contributors, and accepted, unless told otherwise."""
    desk = User.objects.filter(username="tax-desk").first() or make_finance("tax-desk")
    until = date(2029, 12, 31)
    return record_tax_form(contributor, kind, JOINED_AT.date(), until, rejected_because, desk, JOINED_AT)


def make_connected_account(contributor: Contributor, *, transfers_enabled: bool = True) -> ConnectedAccount:
    """Our copy of a connected account, without asking Stripe, of somebody whose tax form is accepted."""
    make_tax_form(contributor)
    return ConnectedAccount.objects.create(
        contributor=contributor,
        stripe_account_id=f"acct_test_{contributor.pk}",
        country=contributor.country,
        transfers_enabled=transfers_enabled,
        requirements=[] if transfers_enabled else ["individual.verification.document"],
        refreshed_at=JOINED_AT,
    )
