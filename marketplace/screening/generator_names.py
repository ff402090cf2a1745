"""Generators that name themselves where a file says which program made it or whom to credit for it.

A name counts only if it fills the whole field, but for a version: titles, captions and keywords of photographs speak of
generators too, and are not read.
"""

import re

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import DEFUSEDXML, PILLOW, Subject, TextField, evidence

NAME = "generator_names"
PROGRAM_FIELDS = {"Software", "ProcessingSoftware", "CreatorTool", "Generator", "OriginatingProgram"}
CREDIT_FIELDS = {"Credit", "Source"}
LONGEST_NAME = 80
AI_FIELDS = {"AISystemUsed", "AIPromptInformation"}  # IPTC Photo Metadata 2025.1
GENERATORS = (
    "stable diffusion(?: xl| web ?ui)?", "automatic1111", "sd[.]next", "comfyui", "invoke ?ai", "fooocus",
    "(?:stable)?swarmui", "easy diffusion", "nmkd stable diffusion gui", "draw things", "diffusionbee",
    "mochi diffusion", "novelai", "midjourney(?:,? inc[.]?)?", "dall[^a-z]{0,2}e", "gpt-image", "bing image creator",
    "image creator (?:from|in) (?:microsoft )?(?:designer|bing)", "google imagen", "grok imagine",
    "nano banana(?: pro)?",
    "gemini [0-9.]+ (?:flash|pro) image", r"flux[.]?\d[\d.]*(?: ?\[?(?:dev|pro|schnell|ultra|kontext|max|flex)\]?)*",
    "black forest labs(?:,? inc[.]?)?", "ideogram(?:[. ]?ai)?", "leonardo[. ]?ai", "seedream", "jimeng(?: ai)?",
    "dreamina", "qwen-image", "hunyuan ?image", "(?:apple )?image playground", "nightcafe(?: studio)?", "craiyon",
    "dreamstudio", "stability ai",
)  # fmt: skip
EDITORS = (
    "(?:adobe )?firefly", "(?:photoshop )?generative (?:fill|expand)", "(?:google )?gemini", "imagen", "chatgpt",
    "openai", "grok", "(?:samsung )?galaxy ai", "meta ai", "magic (?:editor|eraser|media)", "recraft", "krea(?: ai)?",
    "kling(?: ai)?", "doubao", "seaart(?:[. ]ai)?", "pixai", "tensor[. ]?art", "playground ai", "microsoft designer",
)  # fmt: skip
GENERATED_CREDITS = (
    "(?:made|generated) with google ai", "apple image playground", "imagined with (?:meta )?ai", "midjourney",
    "ai[- ]generated(?: image)?", "generated (?:by|with|using) (?:ai|artificial intelligence)",
    "novelai", "stable diffusion(?: xl)?(?: [0-9a-f]{8})?",
)  # fmt: skip
EDITED_CREDITS = ("(?:edited|created) with google ai", "edited (?:by|with|using) ai", "meta ai", "adobe firefly")
VERSION = r"(?:[ /_-]?v?\(?\d[\w.+-]*\)?)?"


def _whole(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{'|'.join(names)}){VERSION}\s*", re.IGNORECASE)


GENERATED = Verdict.REJECT, "generator_named"
EDITED = Verdict.HOLD, "ai_editor_named"
PROGRAMS = {_whole(GENERATORS): GENERATED, _whole(EDITORS): EDITED}
CREDITS = {_whole(GENERATED_CREDITS): GENERATED, _whole(EDITED_CREDITS): EDITED}


def meaning_of(program: str) -> tuple[Verdict, str] | None:
    """Verdict and reason of a program's name: hold where it edits photographs too, None where it is no generator's."""
    return _lookup(PROGRAMS, program)


def check(subject: Subject) -> list[Signal]:
    """Reject a file whose program or credit is a generator; hold one whose is an editor that generates too."""
    named = [signal for text in subject.texts if (signal := _of_text(text))]
    return named + [
        Signal(NAME, Verdict.HOLD, "ai_system_named", evidence(field.name, field.value, DEFUSEDXML))
        for field in subject.xmp
        if field.local_name in AI_FIELDS and field.value and not field.nested
    ]


def _of_text(text: TextField) -> Signal | None:
    meaning = None
    if text.key in PROGRAM_FIELDS:
        meaning = meaning_of(text.value)
    elif text.key in CREDIT_FIELDS:
        meaning = _lookup(CREDITS, text.value)
    return Signal(NAME, *meaning, evidence(text.name, text.value, PILLOW)) if meaning else None


def _lookup(meanings: dict[re.Pattern[str], tuple[Verdict, str]], value: str) -> tuple[Verdict, str] | None:
    if len(value) > LONGEST_NAME:  # of a long text, no pattern is to take long
        return None
    return next((meaning for names, meaning in meanings.items() if names.fullmatch(value)), None)
