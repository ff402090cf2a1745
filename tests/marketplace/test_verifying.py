"""A stranger finds out whether a file is one that we delivered, by what it was found, and how much that is worth."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from PIL import Image, ImageOps

from marketplace.core.release import Outcome
from marketplace.credentials import Made, State, sign_file
from marketplace.delivering import deliver
from marketplace.demo_chain import make_demo_chain
from marketplace.describing import describe, verdict_of
from marketplace.generators.base import GeneratedImage
from marketplace.images import UnreadableImage
from marketplace.models import Contributor, Customer, Delivery
from marketplace.near_hashes import flips_within
from marketplace.output_checks import record_output_check
from marketplace.provenance import DigitalSourceType, mark_generated
from marketplace.services import record_generation
from marketplace.verifying import ALIKE, HASH_BITS, MOST_BYTES, FoundBy, examine
from tests.builders import (
    FROZEN_AT,
    SOLD_AT,
    jpeg_bytes,
    make_asset,
    make_download,
    make_generator_model,
    make_prompt_check,
    make_textured_picture,
    make_training_set,
)


@pytest.fixture
def delivery(ana: Contributor, carla: Customer) -> Delivery:
    make_asset(ana)
    model = make_generator_model(make_training_set())
    picture = make_textured_picture(1)
    file = mark_generated(
        picture, source_type=DigitalSourceType.COMPOSITE, system="sample", system_version="1", file_format="JPEG"
    )
    generation = record_generation(
        model,
        GeneratedImage(image=picture, prompt="a quiet harbour", seed=1, parameters={}),
        file,
        ".jpg",
        FROZEN_AT,
        make_prompt_check(),
    )
    record_output_check(generation, Outcome.CLEAR, "It resembles nothing.", FROZEN_AT)
    return deliver(make_download(carla, generation), "JPEG", None, SOLD_AT)


def bytes_of(delivery: Delivery) -> bytes:
    return Path(delivery.file.path).read_bytes()


def resaved(delivery: Delivery, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    Image.open(BytesIO(bytes_of(delivery))).save(out, kind, **options)
    return out.getvalue()


def test_a_file_that_is_as_we_delivered_it_is_found_by_its_bytes(delivery: Delivery) -> None:
    findings = examine(bytes_of(delivery))
    (match,) = findings.matches
    assert (match.delivery, match.found_by) == (delivery, FoundBy.BYTES)
    assert findings.credentials is not None
    assert findings.credentials.state is State.TRUSTED
    assert verdict_of(findings)[0] == "This is a file that we delivered, unchanged."


def test_a_file_with_a_byte_added_is_found_by_its_manifest_and_called_changed(delivery: Delivery) -> None:
    findings = examine(bytes_of(delivery) + b"\0")
    (match,) = findings.matches
    assert (match.delivery, match.found_by, match.looks_alike) == (delivery, FoundBy.MANIFEST, True)
    headline, meaning = verdict_of(findings)
    assert "carries our manifest, but it was changed" in headline
    assert "still looks the same" in meaning


def test_our_manifest_in_a_picture_that_is_not_ours_is_told_from_ours(delivery: Delivery) -> None:
    ours = bytes_of(delivery)
    other = jpeg_bytes(make_textured_picture(77))
    begin = ours.index(b"\xff\xeb")
    end = begin
    while ours[end : end + 2] == b"\xff\xeb":  # the segments that hold the manifest
        end += 2 + int.from_bytes(ours[end + 2 : end + 4])
    findings = examine(other[:2] + ours[begin:end] + other[2:])
    (match,) = findings.matches
    assert (match.found_by, match.looks_alike) == (FoundBy.MANIFEST, False)
    assert findings.credentials is not None
    assert findings.credentials.state is State.INVALID
    assert "moved here from another file" in verdict_of(findings)[1]


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 60}), ("PNG", {}), ("WEBP", {"quality": 70}), ("AVIF", {"quality": 60})],
)
def test_after_a_re_save_it_is_found_by_its_looks_and_that_is_said(
    delivery: Delivery, kind: str, options: dict[str, Any]
) -> None:
    findings = examine(resaved(delivery, kind, **options))
    (match,) = findings.matches
    assert (match.delivery, match.found_by) == (delivery, FoundBy.LOOKS)
    headline, meaning = verdict_of(findings)
    assert headline == "This looks like a file that we delivered."
    assert "perceptual hash" in meaning
    assert "no proof" in meaning


@pytest.mark.parametrize("change", [ImageOps.mirror, lambda image: image.resize((200, 200))])
def test_a_mirrored_or_smaller_copy_is_found_by_its_looks(delivery: Delivery, change: Any) -> None:
    (match,) = examine(jpeg_bytes(change(Image.open(BytesIO(bytes_of(delivery)))))).matches
    assert (match.delivery, match.found_by) == (delivery, FoundBy.LOOKS)


@pytest.mark.django_db
def test_looking_for_looks_reads_no_more_deliveries_however_many_there_are() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for reading_all in ("seqscan", "hashjoin", "mergejoin"):  # is quicker with so few
            cursor.execute(f"SET LOCAL enable_{reading_all} = off")
        cursor.execute(
            """
            INSERT INTO marketplace_delivery (download_id, file_format, file, sha256, perceptual_hash, manifest_label,
                                              certificate_id, certificate, delivered_at)
            SELECT n, 'PNG', '', n, hashint8extended(n, 1), n, n, '', '2026-10-01' FROM generate_series(1, 5000) AS n
            """
        )
        cursor.execute("ANALYZE marketplace_delivery")
        cursor.execute(f"EXPLAIN {ALIKE}", {"ways": [1, 2], "bits": HASH_BITS, **flips_within(HASH_BITS)})
        plan = "\n".join(line for (line,) in cursor.fetchall())
        transaction.set_rollback(True)
    assert "Seq Scan" not in plan
    assert all(f"delivery_hash_band_{band} " in plan for band in range(4))


def test_a_picture_of_somebody_elses_is_not_found_and_nothing_is_concluded_from_that(delivery: Delivery) -> None:
    findings = examine(jpeg_bytes(make_textured_picture(2)))
    assert findings.matches == ()
    headline, meaning = verdict_of(findings)
    assert headline == "We do not know this file."
    assert "this does not show" in meaning


def test_a_manifest_that_somebody_else_signed_under_our_label_finds_nothing(
    delivery: Delivery, settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo_chain(tmp_path / "theirs")
    ours = settings.DEMO_CHAIN
    settings.DEMO_CHAIN = str(tmp_path / "theirs")
    monkeypatch.setattr("marketplace.credentials.uuid4", lambda: delivery.manifest_label.removeprefix("urn:c2pa:"))
    forged, label = sign_file(
        jpeg_bytes(make_textured_picture(5)), "JPEG", Made(DigitalSourceType.COMPOSITE, "sample", "1", SOLD_AT), {}
    )
    settings.DEMO_CHAIN = ours
    assert label == delivery.manifest_label
    findings = examine(forged)
    assert findings.matches == ()
    assert findings.credentials is not None
    assert findings.credentials.state is State.VALID


def test_a_picture_that_unpacks_to_too_many_pixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, "PNG")
    assert len(out.getvalue()) < 50_000
    monkeypatch.setattr("marketplace.verifying.decode", lambda data: pytest.fail("it was decoded"))
    with pytest.raises(UnreadableImage, match="81 megapixels; at most 40"):
        examine(out.getvalue())


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(UnreadableImage, match="at most 32 MB"):
        examine(b"\xff\xd8\xff" + bytes(MOST_BYTES))


@pytest.mark.django_db
@tried(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12), st.floats(0.02, 1))
def test_a_damaged_file_is_described_or_refused_and_never_crashes(
    delivery: Delivery, changes: list[tuple[float, int]], kept: float
) -> None:
    data = bytearray(bytes_of(delivery))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        findings = examine(bytes(data[: int(kept * len(data))]))
    except UnreadableImage:
        return
    assert verdict_of(findings)
    assert describe(findings)


def shown(*arguments: object) -> str:
    out = StringIO()
    call_command("verify_file", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_everything_that_a_delivered_file_says(delivery: Delivery) -> None:
    said = shown(delivery.file.path)
    for expected in (
        delivery.sha256,
        delivery.manifest_label,
        f"{delivery.perceptual_hash % 2**64:016x}",
        "State: intact, and signed under our root",
        "Signed by: Tributary demo, Demo signer",
        "Signed at: no time stamp",
        "c2pa.created: http://cv.iptc.org/newscodes/digitalsourcetype/composite, by sample 1",
        "Inspiration: The shares of this image could not be computed.",
        "XMP DigitalSourceType: http://cv.iptc.org/newscodes/digitalsourcetype/composite",
        "XMP CreatorTool: sample 1",
        "This is a file that we delivered, unchanged.",
        f"Licence {delivery.download_id}",
    ):
        assert expected in said
    assert "Carla" not in said


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path, db: None) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with pytest.raises(CommandError, match=r"notes\.txt: The file is not a JPEG"):
        shown(text)
    with pytest.raises(CommandError, match="No such file"):
        shown(tmp_path / "missing.jpg")


def test_the_command_checks_the_signature_of_a_certificate(delivery: Delivery, tmp_path: Path) -> None:
    file = tmp_path / "licence.json"
    file.write_text(delivery.certificate)
    assert "Signature: good" in shown(file)
    assert "Licensed to: Carla" in shown(file)
    file.write_text(delivery.certificate.replace("Carla", "Clara"))
    with pytest.raises(CommandError, match="changed after it was signed"):
        shown(file)
    file.write_text('{"certificate": 3}')
    with pytest.raises(CommandError, match="no licence certificate"):
        shown(file)
