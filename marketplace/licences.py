"""Licence certificates: what was licensed to whom, of which file, made how; signed, so that anybody can check it."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marketplace.core.canonical import canonical
from marketplace.core.money import Money
from marketplace.models import Download, Generation, OutputDecision
from marketplace.signing import NotSigned, check_signature, identity

FORMAT = "tributary-licence-1"

PPM_PER_PERCENT = 10_000
GROUP = 4

Document = dict[str, Any]
Section = tuple[str, list[tuple[str, str]]]


def licence_document(
    download: Download, delivered: Mapping[str, str], inspiration: Mapping[str, Any], certificate_id: str, at: datetime
) -> Document:
    """What the certificate of a delivered file says; `delivered` names the file's format, hashes and manifest."""
    generation = download.generation
    model = generation.generator_model
    return {
        "format": FORMAT,
        "certificate": certificate_id,
        "issued_at": _instant(at),
        "licence": {
            "number": download.pk,
            "customer": download.customer.name,
            "licensed_at": _instant(download.downloaded_at),
            "gross_minor": download.gross_minor,
            "currency": download.currency,
            "terms": model.licence,
        },
        "generator": {
            "model": model.name,
            "version": model.version,
            "provider": model.provider,
            "training_set": str(generation.training_set),
        },
        "generation": {
            "number": generation.pk,
            "prompt": generation.prompt,
            "seed": generation.seed,
            "generated_at": _instant(generation.generated_at),
            "width": generation.width,
            "height": generation.height,
            "original_sha256": generation.sha256,
        },
        "delivered": dict(delivered),
        "copy_check": _copy_check(generation),
        "inspiration": dict(inspiration),
    }


def _copy_check(generation: Generation) -> Document:
    """What the newest check for copies found, and what a reviewer last decided of one."""
    check = generation.output_checks.latest("pk")
    decided = OutputDecision.objects.filter(output_check__generation=generation).order_by("-pk").first()
    return {
        "outcome": check.outcome,
        "checked_at": _instant(check.checked_at),
        "decision": decided.decision if decided else None,
    }


def seal(document: Document) -> str:
    """The certificate as JSON text: the document, and the signature of its canonical form. Raises `CannotSign`."""
    who = identity()
    signature = {
        "algorithm": who.algorithm,
        "value": base64.b64encode(who.sign(canonical(document))).decode(),
        "chain": who.chain,
    }
    return json.dumps({"certificate": document, "signature": signature}, indent=2, ensure_ascii=False)


def open_seal(text: str | bytes) -> Document:
    """The document of a certificate. Raises `NotSigned` where it is none, or not signed under our root."""
    try:
        sealed = json.loads(text)
        document, signature = sealed["certificate"], sealed["signature"]
        value, chain = base64.b64decode(signature["value"], validate=True), str(signature["chain"])
        signed = canonical(document)
    except (ValueError, KeyError, TypeError) as error:
        raise NotSigned("This is no licence certificate.") from error
    check_signature(signed, value, chain, identity().root)
    return dict(document)


def grouped(certificate_id: str) -> str:
    """An id as people read it: in groups of four."""
    return "-".join(certificate_id[place : place + GROUP] for place in range(0, len(certificate_id), GROUP))


def ungrouped(written: str) -> str:
    """An id as it is stored, from what somebody wrote."""
    return "".join(written.split()).replace("-", "").upper()


def sections(document: Document) -> list[Section]:
    """The certificate in headings, labels and words, for paper and page."""
    licence, generator, generation = document["licence"], document["generator"], document["generation"]
    delivered, check = document["delivered"], document["copy_check"]
    decided = f"; a reviewer: {check['decision']}" if check["decision"] else ""
    return [
        (
            "Licence",
            [
                ("Number", str(licence["number"])),
                ("Licensed to", licence["customer"]),
                ("Licensed at", _time(licence["licensed_at"])),
                ("Price", str(Money(licence["gross_minor"], licence["currency"]))),
                ("Terms", licence["terms"]),
                ("Certificate issued at", _time(document["issued_at"])),
            ],
        ),
        (
            "Image",
            [
                ("Generation", f"{generation['number']}, made at {_time(generation['generated_at'])}"),
                ("Generator model", f"{generator['model']} {generator['version']}, by {generator['provider']}"),
                ("Trained on", generator["training_set"]),
                ("Prompt", generation["prompt"]),
                ("Seed", str(generation["seed"])),
                ("Size", f"{generation['width']} x {generation['height']} pixels"),
                ("Check for copies", f"{check['outcome']} at {_time(check['checked_at'])}{decided}"),
            ],
        ),
        (
            "Delivered file",
            [
                ("Format", delivered["format"]),
                ("SHA-256", delivered["sha256"]),
                ("SHA-256 of the original", generation["original_sha256"]),
                ("Perceptual hash", delivered["perceptual_hash"]),
                ("Manifest", delivered["manifest"]),
            ],
        ),
        ("Inspiration", _inspiration(document["inspiration"])),
    ]


def _inspiration(inspiration: Document) -> list[tuple[str, str]]:
    rows = [("Meaning", inspiration["meaning"])]
    if "inspirations" in inspiration:
        rows += [
            ("Method", f"{inspiration['method']}, encoder {inspiration['encoder']}"),
            *((_percent(one["share_ppm"]), one["id"]) for one in inspiration["inspirations"]),
            (_percent(inspiration["unattributed_ppm"]), "unattributed"),
        ]
    return rows


def _time(instant: str) -> str:
    return f"{instant[:10]} {instant[11:16]} UTC"


def _percent(share_ppm: int) -> str:
    return f"{share_ppm // PPM_PER_PERCENT}.{share_ppm % PPM_PER_PERCENT:04d} %"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
