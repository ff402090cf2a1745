"""Every delivered format holds a manifest that other people's tools find valid, and trusted with our root."""

import json
import os
import threading
import warnings
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import get_args

import c2pa
import pytest
from django.conf import LazySettings
from PIL import Image

from marketplace.credentials import (
    INSPIRATION_LABEL,
    Made,
    State,
    read_credentials,
    sign_file,
)
from marketplace.demo_chain import make_demo_chain
from marketplace.provenance import DigitalSourceType, ImageFormat, mark_generated
from marketplace.screening import screen
from marketplace.signing import CannotSign, identity
from tests.builders import make_picture

FORMATS = get_args(ImageFormat)
TRAINED = DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA
MADE = Made(TRAINED, "sample", "2", datetime(2026, 10, 1, 12, tzinfo=UTC))
SAID = {"inspirations": [{"id": "0123456789abcdef", "share_ppm": 600_000}], "unattributed_ppm": 400_000}
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def marked(file_format: ImageFormat) -> bytes:
    return mark_generated(
        make_picture(3, 320, 200), source_type=TRAINED, system="sample", system_version="2", file_format=file_format
    )


def signed(file_format: ImageFormat) -> tuple[bytes, str]:
    return sign_file(marked(file_format), file_format, MADE, SAID)


@pytest.mark.parametrize("file_format", FORMATS)
def test_c2pas_own_reader_finds_it_valid_and_with_our_root_trusted(file_format: ImageFormat) -> None:
    file, label = signed(file_format)
    with c2pa.Reader(MEDIA_TYPES[file_format], BytesIO(file)) as reader:
        assert reader.get_validation_state() == "Valid", "in a reader that knows nothing of us"
    ours = c2pa.Context.from_dict({"trust": {"trust_anchors": identity().root}})
    with c2pa.Reader(MEDIA_TYPES[file_format], BytesIO(file), context=ours) as reader:
        assert reader.get_validation_state() == "Trusted"
        store = json.loads(reader.json())
    assert store["active_manifest"] == label
    assert "validation_status" not in store


@pytest.mark.parametrize("file_format", FORMATS)
def test_it_says_how_it_was_made_and_what_it_resembles(file_format: ImageFormat) -> None:
    file, label = signed(file_format)
    found = read_credentials(file, file_format)
    assert found is not None
    assert (found.state, found.label, found.failures) == (State.TRUSTED, label, ())
    (action,) = found.assertion("c2pa.actions.v2")["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == str(TRAINED)
    assert action["softwareAgent"] == {"name": "sample", "version": "2"}
    assert found.assertion(INSPIRATION_LABEL) == SAID
    assert "ingredients" not in found.manifest, "which would claim that an image was used"
    assert "thumbnail" not in found.manifest


@pytest.mark.parametrize("file_format", FORMATS)
def test_pixels_and_xmp_are_those_that_were_there_before_signing(file_format: ImageFormat) -> None:
    before, after = (Image.open(BytesIO(file)) for file in (marked(file_format), signed(file_format)[0]))
    assert after.tobytes() == before.tobytes()
    assert after.getxmp() == before.getxmp() != {}


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_with_one_changed_bit_in_its_picture_is_invalid(file_format: ImageFormat) -> None:
    plain, (file, _) = marked(file_format), signed(file_format)
    piece = plain[len(plain) // 2 :][:24]  # of the picture itself, behind its metadata
    assert file.count(piece) == 1
    at = file.index(piece)
    tampered = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
    found = read_credentials(tampered, file_format)
    assert found is not None
    assert found.state is State.INVALID
    assert any("dataHash.mismatch" in failure for failure in found.failures)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_share_that_was_changed_afterwards_is_found_out(file_format: ImageFormat) -> None:
    file, _ = signed(file_format)
    forged = file.replace(b"0123456789abcdef", b"0123456789abcdee")
    found = read_credentials(forged, file_format)
    assert found is not None
    assert found.state is State.INVALID


def test_a_manifest_of_somebody_elses_is_valid_and_not_trusted(settings: LazySettings, tmp_path: Path) -> None:
    make_demo_chain(tmp_path / "theirs")
    ours = settings.DEMO_CHAIN
    settings.DEMO_CHAIN = str(tmp_path / "theirs")
    file, _ = signed("JPEG")
    settings.DEMO_CHAIN = ours
    found = read_credentials(file, "JPEG")
    assert found is not None
    assert found.state is State.VALID
    assert any("signingCredential.untrusted" in failure for failure in found.failures)


def test_a_worker_that_was_forked_after_signing_signs_and_reads_too() -> None:
    signed("JPEG")
    receiving, sending = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # of threads, of which the child uses none
        child = os.fork()
    if child == 0:
        try:
            found = read_credentials(signed("JPEG")[0], "JPEG")
            os.write(sending, str(found and found.state).encode())
        finally:
            os._exit(0)
    os.close(sending)
    os.waitpid(child, 0)
    assert os.read(receiving, 100) == b"Trusted"
    os.close(receiving)


def test_without_the_time_stamp_that_was_asked_for_nothing_is_signed(settings: LazySettings) -> None:
    asked: list[str | None] = []

    class NoStamps(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["content-type"])
            self.rfile.read(int(self.headers["content-length"]))
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), NoStamps) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.TIME_STAMP_URL = f"http://127.0.0.1:{server.server_port}/"
        with pytest.raises(CannotSign, match="could not be signed"):
            signed("JPEG")
        server.shutdown()
    assert set(asked) == {"application/timestamp-query"}


def test_a_file_without_a_manifest_has_no_credentials() -> None:
    assert read_credentials(marked("JPEG"), "JPEG") is None


@pytest.mark.parametrize("file_format", FORMATS)
def test_our_own_generation_is_refused_when_it_is_uploaded(file_format: ImageFormat) -> None:
    report = screen(signed(file_format)[0])
    assert report.verdict == "reject"
    assert "c2pa_trained_algorithmic_media" in report.reasons
