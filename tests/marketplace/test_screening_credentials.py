"""What the signed history of a file confesses is believed, whoever signed it, and reading it opens no connection."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from PIL import Image

from marketplace.screening import content_credentials, screen
from marketplace.screening.report import Report

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def _jpeg(**options: object) -> bytes:
    out = BytesIO()
    Image.radial_gradient("L").save(out, "JPEG", **options)
    return out.getvalue()


def _single(report: Report) -> tuple[str, str]:
    assert len(report.signals) == 1, report.signals
    return report.verdict, report.signals[0].reason


@cache
def _signer() -> c2pa.Signer:
    """Return a signer whose certificate nobody trusts, as those of most real files are."""
    now = datetime.now(UTC)
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def certificate(
        subject: str, key: ec.EllipticCurvePrivateKey, *extensions: tuple[x509.ExtensionType, bool]
    ) -> bytes:
        names = [x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, name)]) for name in (subject, "root")]
        builder = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM)

    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    leaf = certificate(
        "leaf",
        leaf_key,
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(digital_signature=True, **usage), True),
        (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False),
    )
    root = certificate("root", root_key, (x509.BasicConstraints(ca=True, path_length=None), True))
    private = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", leaf + root, private, None))


def _signed(*actions: dict[str, Any], ingredient: tuple[str, bytes] | None = None) -> bytes:
    manifest = {
        "claim_generator_info": [{"name": "test", "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": list(actions)}}],
    }
    context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    out = BytesIO()
    with c2pa.Builder(manifest, context) as builder:
        if ingredient:
            relationship, data = ingredient
            entry = {"title": "ingredient", "relationship": relationship, "instance_id": "xmp:iid:ingredient"}
            builder.add_ingredient(json.dumps(entry), "image/jpeg", BytesIO(data))
        builder.sign(_signer(), "image/jpeg", BytesIO(_jpeg()), out)
    return out.getvalue()


def _created(term: str) -> dict[str, Any]:
    return {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + term}


def _with_ingredient(action: str) -> dict[str, Any]:
    return {"action": action, "parameters": {"ingredientIds": ["xmp:iid:ingredient"]}}


@pytest.mark.parametrize(
    ("term", "verdict"),
    [
        ("trainedAlgorithmicMedia", "reject"),
        ("compositeWithTrainedAlgorithmicMedia", "hold"),
        ("algorithmicMedia", "hold"),
        ("digitalCapture", "accept"),
    ],
)
def test_content_credentials_are_taken_at_their_word_though_nobody_trusts_the_signer(term: str, verdict: str) -> None:
    assert screen(_signed(_created(term))).verdict == verdict


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        ("Bing Image Creator", "reject"),
        ({"name": "Adobe Firefly", "version": "1"}, "hold"),
        ("Adobe Photoshop", "accept"),
    ],
)
def test_a_creating_program_that_gives_no_source_type_is_known_by_its_name(
    agent: object, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = {"label": "c2pa.actions", "data": {"actions": [{"action": "c2pa.created", "softwareAgent": agent}]}}
    # As in files of 2023; the library reads such manifests and writes none any more.
    store = {"active_manifest": "a", "manifests": {"a": {"assertions": [actions]}}}
    monkeypatch.setattr(content_credentials, "_read", lambda subject: store)
    assert screen(_jpeg()).verdict == verdict


def test_a_generated_picture_stays_rejected_after_two_signed_edits() -> None:
    picture = _signed(_created("trainedAlgorithmicMedia"))
    for _ in range(2):
        picture = _signed(_with_ingredient("c2pa.opened"), ingredient=("parentOf", picture))
    report = screen(picture)
    assert _single(report) == ("reject", "c2pa_trained_algorithmic_media")
    assert report.signals[0].evidence["value"] == SOURCE_TYPES + "trainedAlgorithmicMedia"


def test_a_photograph_with_a_generated_component_waits_for_a_reviewer() -> None:
    generated = _signed(_created("trainedAlgorithmicMedia"))
    actions = _created("digitalCapture"), _with_ingredient("c2pa.placed")
    report = screen(_signed(*actions, ingredient=("componentOf", generated)))
    assert _single(report) == ("hold", "c2pa_component_trained_algorithmic_media")


def test_a_forged_history_waits_for_a_reviewer_and_an_edited_photograph_does_not() -> None:
    signed = _signed(_created("digitalCapture"))
    forged = signed.replace(b"digitalCapture", b"humanEditsOnly")
    assert _single(screen(forged)) == ("hold", "c2pa_history_broken")
    at = len(signed) - 200
    edited = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
    assert _single(screen(edited)) == ("accept", "c2pa_edited_after_signing")


@pytest.fixture
def requests_seen() -> Iterator[tuple[str, list[str]]]:
    """Run a server on loopback; yield its address and the paths that were asked for."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()


def test_an_upload_cannot_make_us_open_a_connection(requests_seen: tuple[str, list[str]]) -> None:
    address, seen = requests_seen
    packet = (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description xmlns:dcterms='http://purl.org/dc/terms/' "
        f"dcterms:provenance='{address}/manifest.c2pa'/></rdf:RDF></x:xmpmeta>"
    )
    upload = _jpeg(xmp=packet.encode())
    with pytest.raises(c2pa.C2paError):
        c2pa.Reader("image/jpeg", BytesIO(upload))
    assert seen == ["/manifest.c2pa"], "the reader's own default fetches: without this the test shows nothing"
    seen.clear()
    report = screen(upload)
    assert _single(report) == ("hold", "c2pa_remote_manifest")
    assert address in report.signals[0].evidence["value"]
    assert seen == []
