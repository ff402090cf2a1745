"""Who signs: a chain that leads to its root, and a key in a file or behind a function; nothing else is taken for it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import LazySettings

from marketplace.checks import check_signing
from marketplace.demo_chain import CHAIN, KEY, ROOT, make_demo_chain
from marketplace.signing import CannotSign, NotSigned, check_signature, identity

Configure = Callable[..., None]
signed_elsewhere: list[bytes] = []


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    folder = tmp_path / "chain"
    make_demo_chain(folder)
    return folder


@pytest.fixture
def configure(chain: Path, settings: LazySettings) -> Configure:
    """Set the operator's own chain, and what a test names instead."""

    def set_all(**others: object) -> None:
        settings.DEMO_CHAIN = ""
        own = {
            "SIGNING_CHAIN": str(chain / CHAIN),
            "SIGNING_ROOT": str(chain / ROOT),
            "SIGNING_KEY": str(chain / KEY),
            "SIGNING_CALLBACK": "",
        }
        for name, value in (own | others).items():
            setattr(settings, name, value)

    return set_all


def sign_elsewhere(data: bytes) -> bytes:
    """What a KMS would do: sign by a key that this program does not name."""
    signed_elsewhere.append(data)
    key = load_pem_private_key(sign_elsewhere.key, None)  # type: ignore[attr-defined]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def test_a_key_in_a_file_signs(configure: Configure) -> None:
    configure()
    who = identity()
    check_signature(b"what is handed out", who.sign(b"what is handed out"), who.chain, who.root)
    assert who.algorithm == "es256"
    assert check_signing(None) == []


def test_a_function_signs_in_place_of_a_key(configure: Configure, chain: Path) -> None:
    sign_elsewhere.key = (chain / KEY).read_bytes()  # type: ignore[attr-defined]
    configure(SIGNING_KEY="", SIGNING_CALLBACK=f"{__name__}.sign_elsewhere")
    who = identity()
    check_signature(b"what is handed out", who.sign(b"what is handed out"), who.chain, who.root)
    assert signed_elsewhere[-1] == b"what is handed out"


def unreachable(data: bytes) -> bytes:
    """What a KMS does that is down."""
    raise TimeoutError("the KMS does not answer")


def test_a_function_that_fails_is_said_to_be_out_of_reach(configure: Configure) -> None:
    configure(SIGNING_KEY="", SIGNING_CALLBACK=f"{__name__}.unreachable")
    with pytest.raises(CannotSign, match="cannot be reached: the KMS does not answer"):
        identity()


def test_a_missing_signer_is_named_at_start_up(settings: LazySettings) -> None:
    settings.DEMO_CHAIN = ""
    (error,) = check_signing(None)
    assert error.id == "tributary.E004"
    assert "set SIGNING_CHAIN and SIGNING_ROOT" in error.msg
    assert error.hint is not None


def test_a_key_that_does_not_fit_its_certificate_is_refused(configure: Configure, tmp_path: Path) -> None:
    make_demo_chain(tmp_path / "other")
    configure(SIGNING_KEY=str(tmp_path / "other" / KEY))
    with pytest.raises(CannotSign, match="does not fit the first certificate"):
        identity()


def test_a_chain_that_does_not_lead_to_its_root_is_refused(configure: Configure, tmp_path: Path) -> None:
    make_demo_chain(tmp_path / "other")
    configure(SIGNING_ROOT=str(tmp_path / "other" / ROOT))
    with pytest.raises(CannotSign, match="does not lead to our root"):
        identity()


@pytest.mark.parametrize("both", [("", ""), ("key.pem", "kms.sign")])
def test_exactly_one_of_key_and_function_must_be_named(configure: Configure, both: tuple[str, str]) -> None:
    configure(SIGNING_KEY=both[0], SIGNING_CALLBACK=both[1])
    with pytest.raises(CannotSign, match="one of SIGNING_KEY"):
        identity()


def test_a_key_of_another_kind_is_refused_by_name(configure: Configure, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "rsa.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    configure(SIGNING_KEY=str(path))
    with pytest.raises(CannotSign, match="must be on the curve P-256 or P-384, or Ed25519"):
        identity()


def test_a_file_that_is_not_there_is_named(configure: Configure) -> None:
    configure(SIGNING_KEY="/not/there.pem")
    with pytest.raises(CannotSign, match="/not/there"):
        identity()


def test_no_signer_can_vouch_for_another(chain: Path) -> None:
    """Whoever stole the signer's key cannot make certificates that lead to the root."""
    key = load_pem_private_key((chain / KEY).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signer, intermediate = x509.load_pem_x509_certificates((chain / CHAIN).read_bytes())
    forged_key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder(signer.subject, signer.subject, forged_key.public_key(), x509.random_serial_number())
        .not_valid_before(signer.not_valid_before_utc)
        .not_valid_after(signer.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    presented = "".join(one.public_bytes(Encoding.PEM).decode() for one in (forged, signer, intermediate))
    signature = forged_key.sign(b"forged", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(NotSigned, match="does not lead to our root"):
        check_signature(b"forged", signature, presented, (chain / ROOT).read_text())


def test_a_changed_content_is_told_from_what_was_signed(configure: Configure) -> None:
    configure()
    who = identity()
    with pytest.raises(NotSigned, match="changed after it was signed"):
        check_signature(b"changed", who.sign(b"signed"), who.chain, who.root)


def test_a_demo_chain_is_made_once_and_its_key_is_for_us_alone(chain: Path) -> None:
    key = (chain / KEY).read_bytes()
    make_demo_chain(chain)
    assert (chain / KEY).read_bytes() == key
    assert chain.stat().st_mode & 0o077 == 0
    assert [other.name for other in chain.parent.iterdir()] == [chain.name]
