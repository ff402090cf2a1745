"""What the marketplace's writes promise: all of it or nothing, once, and never for a training set that could change."""

import threading
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, IntegrityError, connection, transaction

from marketplace import services
from marketplace.core.verdicts import Verdict
from marketplace.generator_models import save_generator_model
from marketplace.generators.base import GeneratedImage
from marketplace.models import (
    Asset,
    Contributor,
    Customer,
    Download,
    Generation,
    RemixTruth,
    ScreeningResult,
    Submission,
    TrainingConsent,
    TrainingSet,
    TrainingSetMember,
)
from marketplace.selectors import assets_with_consent
from marketplace.services import Details, NoTrainingSet, freeze_training_set, record_download, record_generation
from tests.builders import (
    FROZEN_AT,
    JOINED_AT,
    SOLD_AT,
    jpeg_bytes,
    make_asset,
    make_contributor,
    make_customer,
    make_generation,
    make_generator_model,
    make_picture,
    make_prompt_check,
    make_training_set,
    submit,
)

STUCK_AFTER_SECONDS = 10


def files(settings: LazySettings) -> list[Path]:
    return sorted(path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def test_an_accepted_file_becomes_an_asset_with_its_screening_and_consent(ana: Contributor) -> None:
    data = jpeg_bytes(make_picture(width=200, height=120))
    submission = submit(ana, data)
    asset = Asset.objects.get(submission=submission)
    assert (asset.contributor, asset.width, asset.height, asset.ingested_at) == (ana, 200, 120, JOINED_AT)
    assert asset.sha256 == submission.sha256
    assert submission.screening_results.get().verdict == Verdict.ACCEPT
    consent = asset.consents.get()
    assert (consent.granted, consent.effective_at) == (True, JOINED_AT)


def test_submitting_the_same_file_again_changes_nothing(ana: Contributor) -> None:
    data = jpeg_bytes(make_picture(1))
    first = submit(ana, data, title="First")
    assert submit(ana, data, title="Second") == first
    assert Submission.objects.get().title == "First"
    assert ScreeningResult.objects.count() == Asset.objects.count() == 1


def test_the_first_contributor_keeps_the_asset_and_the_second_is_held(ana: Contributor, ben: Contributor) -> None:
    data = jpeg_bytes(make_picture(1))
    first, second = submit(ana, data), submit(ben, data)
    assert (first.verdict, second.verdict) == (Verdict.ACCEPT, Verdict.HOLD)
    assert Asset.objects.get().contributor == ana
    assert second.screening_results.get().reasons == ["first_submitted_by_another_contributor"]


@pytest.mark.django_db(transaction=True)
def test_of_two_contributors_with_the_same_bytes_at_once_only_one_gets_the_asset(
    ana: Contributor, ben: Contributor
) -> None:
    data = jpeg_bytes(make_picture(1))
    submitted: list[Submission] = []

    def submit_too() -> None:
        submitted.append(submit(ben, data))
        connection.close()

    with transaction.atomic():
        submit(ana, data)
        other = threading.Thread(target=submit_too)
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits to learn who is first
    other.join(STUCK_AFTER_SECONDS)
    assert [submission.verdict for submission in submitted] == [Verdict.HOLD]
    assert Asset.objects.get().contributor == ana


def test_a_submission_that_fails_in_the_middle_leaves_no_row(ana: Contributor, monkeypatch: pytest.MonkeyPatch) -> None:
    def power_cut(**fields: object) -> None:
        assert Asset.objects.exists()  # it is the middle
        raise OSError("the power went")

    data = jpeg_bytes(make_picture(1))
    with monkeypatch.context() as broken, pytest.raises(OSError, match="the power went"):
        broken.setattr(TrainingConsent.objects, "create", power_cut)
        submit(ana, data)
    assert not Submission.objects.exists()
    assert not ScreeningResult.objects.exists()
    assert not Asset.objects.exists()
    assert submit(ana, data).verdict == Verdict.ACCEPT


def test_a_file_that_is_no_picture_is_on_record_and_no_asset(ana: Contributor) -> None:
    submission = submit(ana, b"no picture")
    assert submission.verdict == Verdict.UNREADABLE
    assert submission.screening_results.get().reasons == ["type_not_allowed"]
    assert not Asset.objects.exists()


def test_a_training_set_holds_all_assets_with_consent_at_that_time_and_no_others(
    ana: Contributor, ben: Contributor
) -> None:
    yes, withdrawn, later, again = make_asset(ana), make_asset(ana), make_asset(ben), make_asset(ben)
    no, _ = services.submit_asset(
        ben, jpeg_bytes(make_picture()), Details("n.jpg", "No", (), "", training_consent=False), JOINED_AT
    )
    for asset, granted, effective_at in (
        (withdrawn, False, FROZEN_AT),
        (later, False, FROZEN_AT + timedelta(seconds=1)),
        (again, False, FROZEN_AT - timedelta(days=2)),
        (again, True, FROZEN_AT - timedelta(days=1)),
    ):
        TrainingConsent.objects.create(
            asset=asset, granted=granted, effective_at=effective_at, recorded_at=effective_at
        )
    frozen = freeze_training_set("catalogue", "1", FROZEN_AT)
    members = set(frozen.members.values_list("asset", flat=True))
    assert members == {yes.pk, later.pk, again.pk}
    assert Asset.objects.get(submission=no).pk not in members
    assert frozen.frozen_at == FROZEN_AT
    assert set(assets_with_consent(FROZEN_AT).values_list("pk", flat=True)) == members


def test_an_empty_training_set_is_refused_and_leaves_no_row(db: None) -> None:
    with pytest.raises(NoTrainingSet, match="catalogue 1 would be empty: no asset has training consent"):
        freeze_training_set("catalogue", "1", FROZEN_AT)
    assert not TrainingSet.objects.exists()


def test_a_training_set_of_that_name_and_version_is_made_once(ana: Contributor) -> None:
    make_asset(ana)
    make_training_set()
    with pytest.raises(IntegrityError, match="training_set_name_and_version"), transaction.atomic():
        make_training_set()


def test_a_frozen_training_set_takes_no_more_members_and_never_thaws(ana: Contributor) -> None:
    make_asset(ana)
    frozen = make_training_set()
    newcomer = make_asset(ana)
    with pytest.raises(DatabaseError, match="takes no more members: make a new version"), transaction.atomic():
        TrainingSetMember.objects.create(training_set=frozen, asset=newcomer)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        TrainingSet.objects.update(frozen_at=None)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        frozen.members.all()._raw_delete(using="default")
    assert frozen.members.count() == 1
    assert freeze_training_set("catalogue", "2", FROZEN_AT).members.count() == 2


def generated() -> GeneratedImage:
    return GeneratedImage(image=make_picture(7), prompt="a quiet harbour", seed=7, parameters={})


def test_a_generation_of_a_model_without_a_training_set_is_refused_and_nothing_is_stored(
    db: None, settings: LazySettings
) -> None:
    model = make_generator_model(None)
    with pytest.raises(NoTrainingSet, match="sample 1 has no frozen training set: give it one before it generates"):
        record_generation(model, generated(), b"the file", ".png", FROZEN_AT, make_prompt_check())
    assert not Generation.objects.exists()
    assert not RemixTruth.objects.exists()
    assert files(settings) == []


def test_a_generation_keeps_the_training_set_that_its_model_had(ana: Contributor) -> None:
    make_asset(ana)
    first, second = make_training_set(version="1"), make_training_set(version="2")
    model = make_generator_model(first)
    generation = make_generation(model)
    model.training_set = second
    save_generator_model(model, SOLD_AT)
    generation.refresh_from_db()
    assert generation.training_set == first


def test_what_is_handed_out_is_stored_byte_for_byte(ana: Contributor) -> None:
    make_asset(ana)
    generation = record_generation(
        make_generator_model(make_training_set()),
        generated(),
        b"the signed file",
        ".png",
        FROZEN_AT,
        make_prompt_check(),
    )
    with generation.file.open() as file:
        assert file.read() == b"the signed file"
    assert str(generation.file).endswith(".png")
    assert (generation.width, generation.height, generation.prompt) == (96, 64, "a quiet harbour")


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def test_a_download_is_recorded_once_per_key(carla: Customer, generation: Generation) -> None:
    key = str(uuid4())
    first, again = (
        record_download(carla, generation, gross_minor=1_900, currency="USD", at=at, idempotency_key=key)
        for at in (SOLD_AT, SOLD_AT + timedelta(seconds=5))
    )
    assert first == again
    assert Download.objects.get().downloaded_at == SOLD_AT


@pytest.mark.parametrize("gross_minor", [0, -100])
def test_a_download_that_was_not_paid_for_is_refused(carla: Customer, generation: Generation, gross_minor: int) -> None:
    with pytest.raises(IntegrityError, match="download_is_paid"), transaction.atomic():
        record_download(
            carla, generation, gross_minor=gross_minor, currency="USD", at=SOLD_AT, idempotency_key="unpaid"
        )
    assert not Download.objects.exists()


def test_a_price_in_another_currency_than_the_settlements_is_refused(carla: Customer, generation: Generation) -> None:
    with pytest.raises(ValueError, match="Sales are settled in USD, and this price is in EUR"):
        record_download(carla, generation, gross_minor=100, currency="EUR", at=SOLD_AT, idempotency_key="euro")
    assert not Download.objects.exists()


def test_a_contributors_name_is_theirs_alone_and_customers_may_share_one(db: None) -> None:
    make_contributor("Ana", has_login=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_contributor("Ana", has_login=False)
    assert make_customer("Carla", has_login=False) != make_customer("Carla", has_login=False)


def test_the_same_bytes_are_stored_once(ana: Contributor, ben: Contributor, settings: LazySettings) -> None:
    data = jpeg_bytes(make_picture(1))
    submit(ana, data)
    before = files(settings)
    submit(ben, data)
    assert files(settings) == before
    assert len(before) == 3  # the original, its preview and its thumbnail
