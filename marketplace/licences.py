"""Licence certificates: what was licensed to whom, of which file, made how; signed, so that anybody can check it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from marketplace.core.canonical import canonical, instant, instant_in_words
from marketplace.core.money import Money
from marketplace.model_cards import audit_facts, audit_in_words, bias_facts, bias_in_words, card_sections
from marketplace.models import Download, Generation, OutputDecision
from marketplace.people_checks import people_facts, people_in_words
from marketplace.prompts.checking import findings_of, state_of
from marketplace.signing import NotSigned, check_signature, identity, signature_of, signature_parts

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
    return {
        "format": FORMAT,
        "certificate": certificate_id,
        "issued_at": instant(at),
        "licence": licence_facts(download),
        "generator": generator_facts(generation) | _card(generation),
        "generation": generation_facts(generation),
        "delivered": dict(delivered),
        "prompt_check": _prompt_check(generation),
        "copy_check": _copy_check(generation),
        "people_check": people_facts(generation),
        "inspiration": dict(inspiration),
    }


def licence_facts(download: Download) -> Document:
    """What was licensed to whom, when, at which price and on which terms."""
    return {
        "number": download.pk,
        "customer": download.customer.name,
        "licensed_at": instant(download.downloaded_at),
        "gross_minor": download.gross_minor,
        "currency": download.currency,
        "terms": download.generation.generator_model.licence,
        "terms_of_use": _terms_of_use(download),
    }


def generator_facts(generation: Generation) -> Document:
    """Which model made an image, and what that was trained on."""
    model = generation.generator_model
    return {
        "model": model.name,
        "version": model.version,
        "provider": model.provider,
        "training_set": str(generation.training_set),
    }


def generation_facts(generation: Generation) -> Document:
    """What a model was asked for, and the file that it made."""
    return {
        "number": generation.pk,
        "prompt": generation.prompt,
        "seed": generation.seed,
        "generated_at": instant(generation.generated_at),
        "width": generation.width,
        "height": generation.height,
        "original_sha256": generation.sha256,
    }


def _terms_of_use(download: Download) -> Document | None:
    """Which terms of use the customer had accepted; none for licences from before there were any."""
    accepted = getattr(download, "accepted_terms", None)
    if accepted is None:
        return None
    terms = accepted.acceptance
    return {"version": terms.version, "sha256": terms.sha256, "accepted_at": instant(terms.accepted_at)}


def _card(generation: Generation) -> Document:
    """The model's card as it was when the image was made, and the newest audit of that model and training set now."""
    audit = generation.generator_model.audits.filter(training_set=generation.training_set).order_by("-pk").first()
    return {
        "card_sha256": generation.model_card.sha256 if generation.model_card else None,
        "card": json.loads(generation.model_card.text) if generation.model_card else None,
        "replication_audit": audit_facts(audit) if audit else None,
        "bias_report": bias_facts(generation.generator_model),
    }


def _prompt_check(generation: Generation) -> Document | None:
    """What was found in the prompt and what became of it; None of images from before prompts were checked."""
    check = generation.prompt_check
    if check is None:
        return None
    return {
        "state": str(state_of(check)),
        "found": sorted({finding.about for finding in findings_of(check)}),
        "checked_with": check.checked_with,
        "checked_at": instant(check.checked_at),
    }


def _copy_check(generation: Generation) -> Document:
    """What the newest check for copies found, and what a reviewer last decided of one."""
    check = generation.output_checks.latest("pk")
    decided = OutputDecision.objects.filter(output_check__generation=generation).order_by("-pk").first()
    return {
        "outcome": check.outcome,
        "checked_at": instant(check.checked_at),
        "decision": decided.decision if decided else None,
    }


def seal(document: Document) -> str:
    """The certificate as JSON text: the document, and the signature of its canonical form. Raises `CannotSign`."""
    sealed = {"certificate": document, "signature": signature_of(canonical(document))}
    return json.dumps(sealed, indent=2, ensure_ascii=False)


def open_seal(text: str | bytes) -> Document:
    """The document of a certificate. Raises `NotSigned` where it is none, or not signed under our root."""
    try:
        sealed = json.loads(text)
        document, (value, chain) = sealed["certificate"], signature_parts(sealed["signature"])
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
    return "".join(letter for letter in written.upper() if letter.isalnum())


def sections(document: Document) -> list[Section]:
    """The certificate in headings, labels and words, for paper and page."""
    licence, generator, generation = document["licence"], document["generator"], document["generation"]
    delivered = document["delivered"]
    return [
        (
            "Licence",
            [
                ("Number", str(licence["number"])),
                ("Licensed to", licence["customer"]),
                ("Licensed at", instant_in_words(licence["licensed_at"])),
                ("Price", str(Money(licence["gross_minor"], licence["currency"]))),
                ("Terms", licence["terms"]),
                *_terms_in_words(licence.get("terms_of_use")),
                ("Certificate issued at", instant_in_words(document["issued_at"])),
            ],
        ),
        (
            "Image",
            [
                ("Generation", f"{generation['number']}, made at {instant_in_words(generation['generated_at'])}"),
                ("Generator model", f"{generator['model']} {generator['version']}, by {generator['provider']}"),
                ("Trained on", generator["training_set"]),
                ("Prompt", generation["prompt"]),
                ("Seed", str(generation["seed"])),
                ("Size", f"{generation['width']} x {generation['height']} pixels"),
            ],
        ),
        ("Checks before the sale", _checks_in_words(document)),
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
        ("Inspiration", inspiration_rows(document["inspiration"])),
        *_card_sections(generator),
    ]


def _checks_in_words(document: Document) -> list[tuple[str, str]]:
    """What was looked for, and what came out; what was not looked for, as in older certificates, is left out."""
    prompt, marks, people = (document.get(name) for name in ("prompt_check", "known_marks", "people_check"))
    copies = document["copy_check"]
    decided = f"; a reviewer: {copies['decision']}" if copies["decision"] else ""
    rows = [("Check for copies", f"{copies['outcome']} at {instant_in_words(copies['checked_at'])}{decided}")]
    if prompt:
        about = ", ".join(prompt["found"]) or "nothing"
        looked = f"{instant_in_words(prompt['checked_at'])} with {prompt['checked_with']}"
        rows.insert(0, ("Check of the prompt", f"{prompt['state']}; found at {looked}: {about}"))
    if marks:
        rows.append(("Known marks of others", f"{marks['looked_for']} looked for, {marks['found']} found{decided}"))
    if people:
        rows.append(("People", people_in_words(people)))
    return rows


def _terms_in_words(terms: Document | None) -> list[tuple[str, str]]:
    if terms is None:
        return []
    accepted = f"version {terms['version']}, accepted at {instant_in_words(terms['accepted_at'])}"
    return [("Terms of use", f"{accepted}; SHA-256 {terms['sha256']}")]


def _card_sections(generator: Document) -> list[Section]:
    """The card as the image was made under it; certificates from before models had cards have none."""
    if not generator.get("card"):
        return []
    (_heading, rows), *others = card_sections(generator["card"])
    rows += [
        (_("Audit, when issued"), audit_in_words(generator["replication_audit"])),
        (_("Bias report, when issued"), bias_in_words(generator.get("bias_report"))),
        (_("SHA-256 of card"), generator["card_sha256"]),
    ]
    return [(_("Card of the generator model, when the image was made"), rows), *others]


def inspiration_rows(inspiration: Document) -> list[tuple[str, str]]:
    """The inspiration list as a delivered file has it: shares, with ids that nobody can trace."""
    rows = [("Meaning", inspiration["meaning"])]
    if "inspirations" in inspiration:
        rows += [
            ("Method", f"{inspiration['method']}, encoder {inspiration['encoder']}"),
            *((_percent(one["share_ppm"]), one["id"]) for one in inspiration["inspirations"]),
            (_percent(inspiration["unattributed_ppm"]), "unattributed"),
        ]
    return rows


def _percent(share_ppm: int) -> str:
    return f"{share_ppm // PPM_PER_PERCENT}.{share_ppm % PPM_PER_PERCENT:04d} %"
