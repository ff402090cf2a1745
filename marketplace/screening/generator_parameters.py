"""The parameters that local generators write beside a picture: in PNG text, EXIF, XMP or a JPEG comment.

Recognised by their structure: the graphs of ComfyUI, the parameter line of Automatic1111 and Forge, JSON records of a
generation (Fooocus, InvokeAI, NovelAI, SwarmUI, Draw Things), and the fields of InvokeAI.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import PILLOW, Subject, TextField, evidence
from marketplace.screening.records import read_record

NAME = "generator_parameters"
GRAPH_PREFIX = re.compile(r"\A(?:prompt|workflow): ?(?=\{)", re.IGNORECASE)  # ComfyUI in EXIF: `prompt:{…}`
LINE_PAIR = re.compile(r"(?:^|, )([A-Z][A-Za-z ]{1,30}): ([^,\n]*)", re.MULTILINE)
LINE_KEYS = {
    "Sampler",
    "CFG scale",
    "Distilled CFG Scale",
    "Size",
    "Model",
    "Model hash",
    "Schedule type",
    "Civitai resources",
}
PROMPT_KEYS = {"prompt", "positive_prompt", "full_prompt", "c"}  # c: Draw Things
SETTING_KEYS = {"steps", "num_inference_steps", "sampler", "sampler_name", "scheduler", "cfg_scale", "guidance_scale"}
INVOKEAI_RECORDS = {"invokeai_metadata", "invokeai_graph", "invokeai_workflow", "sd-metadata"}
INVOKEAI_SEED = re.compile(r" -S ?\d+")  # of its command line, kept in the text `Dream`


def check(subject: Subject) -> list[Signal]:
    """Reject a file that carries the parameters of its generation; one signal per field that does."""
    signals = [
        Signal(NAME, Verdict.REJECT, reason, evidence(text.name, text.value, PILLOW))
        for text in subject.texts
        if (reason := _reason(text))
    ]
    return signals or _check_single_texts(subject.texts)


def _reason(text: TextField) -> str | None:
    record = text.record or read_record(GRAPH_PREFIX.sub("", text.value))
    records = [record, *_dicts(record.values())]
    if any(_is_comfyui_prompt(part) or _is_comfyui_workflow(part) for part in records):
        return "comfyui_graph"
    if text.key in INVOKEAI_RECORDS and record:
        return "invokeai_metadata"
    if text.key == "Dream" and INVOKEAI_SEED.search(text.value):
        return "invokeai_metadata"
    if any(_is_generation(part) for part in records):
        return "generation_parameters"
    return "automatic1111_parameters" if _is_parameter_line(text.value) else None


def _check_single_texts(texts: Iterable[TextField]) -> list[Signal]:
    """Some generators write prompt, seed and settings as PNG texts of their own."""
    written = {text.key: text.value for text in texts if text.container == "PNG"}
    if not _is_generation(written):
        return []
    found = evidence("PNG texts", str(written), PILLOW)
    return [Signal(NAME, Verdict.REJECT, "generation_parameters", found)]


def _is_comfyui_prompt(record: Mapping[str, Any]) -> bool:
    return any("class_type" in node and "inputs" in node for node in _dicts(record.values()))


def _is_comfyui_workflow(record: Mapping[str, Any]) -> bool:
    return "links" in record and any("type" in node for node in _dicts(record.get("nodes")))


def _is_generation(record: Mapping[str, Any]) -> bool:
    keys = {key.lower().replace(" ", "_") for key in record}
    return bool(keys & PROMPT_KEYS) and "seed" in keys and bool(keys & SETTING_KEYS)


def _is_parameter_line(text: str) -> bool:
    pairs = dict(LINE_PAIR.findall(text))
    numbered = all(pairs.get(key, "").strip().isdigit() for key in ("Steps", "Seed"))
    return numbered and bool(pairs.keys() & LINE_KEYS)


def _dicts(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, Iterable) else []
