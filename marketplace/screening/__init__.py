"""Screening of a submitted file: every signal in it, with evidence, and the verdict they add up to.

One module per signal, each with `check(subject) -> list[Signal]`. A signal reads parsed fields only: the words it
knows occur in ordinary files too. A file without any mark is accepted here: nothing can be said about it.
"""

import logging
from collections.abc import Callable

from marketplace.core.verdicts import Signal, Verdict, decide
from marketplace.images import UnreadableImage, decode
from marketplace.screening import (
    aigc_label,
    animation,
    content_credentials,
    diffusion_watermark,
    generator_names,
    generator_parameters,
    grok_signature,
    midjourney_job,
    stealth_pnginfo,
    xmp_source_type,
)
from marketplace.screening.fields import PILLOW, Subject, evidence, read_subject
from marketplace.screening.report import Picture, Report, take

SCREEN_VERSION = "2"

CHECKS: dict[str, Callable[[Subject], list[Signal]]] = {
    "content_credentials": content_credentials.check,
    "xmp_source_type": xmp_source_type.check,
    "aigc_label": aigc_label.check,
    "generator_parameters": generator_parameters.check,
    "generator_names": generator_names.check,
    "stealth_pnginfo": stealth_pnginfo.check,
    "diffusion_watermark": diffusion_watermark.check,
    "midjourney_job": midjourney_job.check,
    "grok_signature": grok_signature.check,
    "animation": animation.check,
}

logger = logging.getLogger(__name__)


def screen(data: bytes) -> Report:
    """Screen one file in this program: see `confined.screen` for files that strangers sent.

    A file that cannot be read is `unreadable`, and says why.
    """
    try:
        decoded = decode(data)
    except UnreadableImage as error:
        return unreadable(error.code, str(error))
    return _report(find_signals(read_subject(data, decoded)), take(decoded.image))


def unreadable(code: str, message: str) -> Report:
    """The report on a file that is no picture we can take: `code` for programs, the message for the contributor."""
    return _report([Signal("decoding", Verdict.UNREADABLE, code, evidence("file", message, PILLOW))], None)


def find_signals(subject: Subject) -> list[Signal]:
    """All that the checks find in a file."""
    return [signal for name in CHECKS for signal in _run(name, subject)]


def _run(name: str, subject: Subject) -> list[Signal]:
    """Run one check; one that fails on a hostile file costs a look by a reviewer, not the whole screening."""
    try:
        return CHECKS[name](subject)
    except Exception as error:
        logger.exception("Screening check %s failed", name)
        return [Signal(name, Verdict.HOLD, "check_failed", evidence(name, repr(error), f"screen {SCREEN_VERSION}"))]


def _report(signals: list[Signal], picture: Picture | None) -> Report:
    verdict, reasons = decide(signals)
    return Report(verdict, reasons, tuple(signals), picture, SCREEN_VERSION)
