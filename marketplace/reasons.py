"""What the codes of the screen mean, for people: the reasons that it gives, and the signals that give them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

IN_WORDS = {
    "trained_algorithmic_media": "The file says that a generator made the picture.",
    "composite_with_trained_algorithmic_media": "The file says that parts of the picture come from a generator.",
    "composite_synthetic": "The file says that parts of the picture are synthetic.",
    "algorithmic_media": "The file says that an algorithm drew the picture.",
    "c2pa_history_broken": "The file's content credentials do not fit together: something was changed in them.",
    "c2pa_remote_manifest": "The file's content credentials are kept elsewhere, where we do not look.",
    "c2pa_edited_after_signing": "The picture was edited after its content credentials were signed, as is common.",
    "c2pa_not_readable": "The file's content credentials cannot be read.",
    "aigc_label_generated": "The file has the label by which generators say that they made a picture.",
    "aigc_label_possibly_generated": "The file has a label that says that the picture may be generated.",
    "aigc_label_suspected_generated": "The file has a label that says that the picture is suspected to be generated.",
    "generation_parameters": "The file holds the prompt or the settings of a generator.",
    "automatic1111_parameters": "The file holds the prompt and the settings of a generator, as by Automatic1111.",
    "comfyui_graph": "The file holds the steps by which ComfyUI generated a picture.",
    "invokeai_metadata": "The file holds what InvokeAI writes into the pictures that it generates.",
    "novelai_software": "The file says that NovelAI made the picture.",
    "diffusion_watermark": "The pixels hold the invisible watermark of a generator.",
    "own_generation": "The file is one that was generated here.",
    "generation_made_later": "A picture that looks like it was generated here after it was uploaded.",
    "generator_named": "The file names a generator as what made the picture.",
    "ai_editor_named": "The file names an editor that adds what a generator makes.",
    "ai_system_named": "The file names an AI system.",
    "stealth_parameters": "A generator's settings are hidden in the pixels.",
    "midjourney_job_id": "The file holds the number of a Midjourney job.",
    "grok_signature": "The file holds the signature of Grok's generator.",
    "first_submitted_by_another_contributor": "Another contributor uploaded the very same file before.",
    "resembles_own_generation": "The picture looks like one that was generated here.",
    "detector_points_at_it": "A detector that was trained on generated pictures points at this one.",
    "several_frames": "The file holds several pictures, of which only the first would count.",
    "check_failed": "A check of the file did not come to an end, so a person looks at it.",
    "empty_file": "The file is empty.",
    "too_large_bytes": "The file is too large.",
    "type_not_allowed": "The file is of a kind that we do not take.",
    "too_many_pixels": "The picture has too many pixels.",
    "too_many_frames": "The file holds too many frames.",
    "truncated": "The file ends before the picture does.",
    "corrupt": "The file is damaged.",
    "too_slow": "Reading the file takes too long.",
    "stops_its_reader": "The file stops the program that reads it, as damaged ones do.",
}
_SIGNALS: dict[str, Promise] = {
    "content_credentials": _("content credentials"),
    "xmp_source_type": _("source type in XMP"),
    "aigc_label": _("label of generated content"),
    "generator_parameters": _("parameters of a generator"),
    "generator_names": _("names of generators"),
    "stealth_pnginfo": _("text hidden in the pixels"),
    "diffusion_watermark": _("watermark of a generator"),
    "midjourney_job": _("Midjourney job"),
    "grok_signature": _("Grok's signature"),
    "animation": _("several frames"),
    "decoding": _("reading the file"),
    "own_generation": _("images generated here"),
    "same_bytes": _("the same file"),
    "detector": _("detector of generated pictures"),
}
SOURCES = ("c2pa_", "xmp_")
"""Where a file says so: the evidence names it too."""
PARTS = ("component_", "ingredient_")


def sentence_of(code: str) -> str | None:
    """A reason code of the screen as a sentence; None for one that only another version knows."""
    if code in IN_WORDS:
        return IN_WORDS[code]
    for source in SOURCES:
        code = code.removeprefix(source)
    for part in PARTS:
        if code.startswith(part):
            whole = IN_WORDS.get(code.removeprefix(part))
            return whole and whole.replace("the picture", "something that was placed into the picture")
    return IN_WORDS.get(code)


def signal_name(code: str) -> str:
    """What a signal of the screen looked at; one that only another version knows, by its own words."""
    return str(_SIGNALS.get(code, code.replace("_", " ")))
