"""A generator is believed where programs name themselves; what people write about generators is not read."""

from io import BytesIO

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from marketplace.core.verdicts import Verdict
from marketplace.screening import screen

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"


def _file(file_format: str, **options: object) -> bytes:
    out = BytesIO()
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(out, file_format, **options)
    return out.getvalue()


def _exif(**tags: str) -> bytes:
    exif = Image.Exif()
    for name, value in tags.items():
        exif[ExifTags.Base[name]] = value
    return _file("JPEG", exif=exif)


def _xmp(namespace: str, name: str, value: str) -> bytes:
    return _file(
        "JPEG",
        xmp=(
            f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{RDF}'><rdf:Description xmlns:n='{namespace}'>"
            f"<n:{name}>{value}</n:{name}></rdf:Description></rdf:RDF></x:xmpmeta>"
        ).encode(),
    )


def _iptc(dataset: int, value: bytes) -> bytes:
    """A JPEG with one dataset of record 2 in Photoshop's segment."""
    block = bytes((0x1C, 2, dataset)) + len(value).to_bytes(2) + value
    resource = b"8BIM\x04\x04\0\0" + len(block).to_bytes(4) + block + b"\0" * (len(block) % 2)
    segment = b"Photoshop 3.0\0" + resource
    plain = _file("JPEG")
    return plain[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2) + segment + plain[2:]


@pytest.mark.parametrize(
    "program",
    ["Midjourney", "Stable Diffusion XL 1.0", "ComfyUI 0.3.10", "DALL-E 3", "Image Playground", "Draw Things 1.2",
     "FLUX.1 [dev]", "FLUX1.1 pro", "Ideogram AI", "Leonardo.Ai", "Black Forest Labs Inc."],
)  # fmt: skip
def test_a_generator_named_as_the_program_is_rejected(program: str) -> None:
    report = screen(_exif(Software=program))
    assert (report.verdict, report.reasons) == (Verdict.REJECT, ("generator_named",))
    assert report.signals[0].evidence["field"] == "EXIF Software"
    assert report.signals[0].evidence["value"] == program


@pytest.mark.parametrize("program", ["Adobe Firefly", "Google Gemini", "Recraft V3", "Galaxy AI"])
def test_an_editor_that_also_generates_waits_for_a_reviewer(program: str) -> None:
    assert screen(_exif(Software=program)).reasons == ("ai_editor_named",)


@pytest.mark.parametrize(
    ("credit", "verdict"),
    [
        ("Made with Google AI", Verdict.REJECT),
        ("Edited with Google AI", Verdict.HOLD),
        ("Apple Image Playground", Verdict.REJECT),
        ("Imagined with AI", Verdict.REJECT),
        ("Getty Images", Verdict.ACCEPT),
        ("Flux Pictures", Verdict.ACCEPT),
    ],
)
def test_the_credit_line_is_read_in_both_blocks_of_iptc(credit: str, verdict: Verdict) -> None:
    assert screen(_xmp(PHOTOSHOP, "Credit", credit)).verdict == verdict
    assert screen(_iptc(110, credit.encode())).verdict == verdict


def test_the_properties_of_iptc_for_ai_wait_for_a_reviewer() -> None:
    report = screen(_xmp(IPTC_EXTENSION, "AISystemUsed", "Some model"))
    assert (report.verdict, report.reasons) == (Verdict.HOLD, ("ai_system_named",))


@pytest.mark.parametrize(
    "tags",
    [
        {"ImageDescription": "Made with Google AI? No: a duck. Not Midjourney, not Stable Diffusion."},
        {"ImageDescription": "Midjourney", "Artist": "Gemini"},
        {"Artist": "Leonardo AI", "Copyright": "Midjourney"},
        {"Software": "Adobe Photoshop 25.0 (Stable Diffusion plugin not used)"},
        {"Software": "GIMP 2.10", "Make": "Flux", "Model": "Grok"},
        {"Software": "AI Gigapixel by Topaz Labs"},
        {"Software": "Adobe Photoshop Lightroom Classic 14.0 (Windows)"},
        {"Software": "HDR+ 1.0.612582413zd"},
        {"Software": "flux1" + "1" * 60_000 + "!"},
    ],
)
def test_a_photograph_whose_texts_speak_of_generators_is_accepted(tags: dict[str, str]) -> None:
    assert screen(_exif(**tags)).verdict is Verdict.ACCEPT


def test_keywords_and_titles_are_not_read_for_names() -> None:
    info = PngImagePlugin.PngInfo()
    for key in ("Title", "Keywords", "Comment", "Description", "Author"):
        info.add_text(key, "Midjourney")
    assert screen(_file("PNG", pnginfo=info)).verdict is Verdict.ACCEPT
    assert screen(_iptc(120, b"Stable Diffusion")).verdict is Verdict.ACCEPT


def test_midjourneys_job_in_the_older_iptc_block_is_found() -> None:
    caption = b"a duck --v 6 Job ID: 0f8fad5b-d9cb-469f-a165-70867728950e"
    assert screen(_iptc(120, caption)).reasons == ("midjourney_job_id",)
