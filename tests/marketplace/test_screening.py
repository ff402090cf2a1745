"""A file that says that it is generated is kept out with evidence; a photograph is not, whatever else it contains."""

import csv
import gzip
import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from marketplace import screening
from marketplace.core.verdicts import Verdict
from marketplace.screening import screen
from marketplace.screening.report import Report

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "screening"
MANIFEST = SHARED / "manifest.csv"
FILES = list(csv.DictReader(MANIFEST.read_text("utf-8").splitlines())) if MANIFEST.exists() else []
ALLOWED: dict[str, set[str]] = {"unmarked": {"accept", "hold"}, "no_crash": {*Verdict}}

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PARAMETERS = "a duck\nNegative prompt: frogs\nSteps: 15, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x512"
COMFYUI_PROMPT = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 1}}})
COMFYUI_WORKFLOW = json.dumps({"nodes": [{"id": 3, "type": "KSampler"}], "links": []})
GENERATION = {"prompt": "a duck", "seed": 42, "steps": 15}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.skipif(not FILES, reason="the folder shared/screening with real files is not beside the repository")
@pytest.mark.parametrize("row", FILES, ids=[row["file"] for row in FILES])
def test_every_real_file_gets_the_verdict_expected_of_it(row: dict[str, str]) -> None:
    report = screen((SHARED / row["file"]).read_bytes())
    assert report.verdict in ALLOWED.get(row["expected"], {row["expected"]}), report.signals
    assert (report.picture is None) == (report.verdict is Verdict.UNREADABLE)
    assert all(signal.evidence["field"] and signal.evidence["tool"] for signal in report.signals)
    assert "check_failed" not in report.reasons


def _picture(mode: str = "RGB") -> Image.Image:
    return Image.radial_gradient("L").resize((64, 64)).convert(mode)


def _file(file_format: str, image: Image.Image | None = None, **options: object) -> bytes:
    out = BytesIO()
    (image or _picture()).save(out, file_format, **options)
    return out.getvalue()


def _png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    return _file("PNG", pnginfo=info)


def _text_behind_pixels(key: str, value: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add(b"tEXt", f"{key}\0{value}".encode("latin-1"), after_idat=True)
    return _file("PNG", pnginfo=info)


def _exif(tag: int, value: object, ifd: int | None = None) -> Image.Exif:
    exif = Image.Exif()
    (exif.get_ifd(ifd) if ifd else exif)[tag] = value
    return exif


def _xmp(properties: str, attributes: str = "") -> bytes:
    return (
        f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{RDF}'>"
        f"<rdf:Description rdf:about='' {attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def _with_xmp(file_format: str, packet: bytes) -> bytes:
    if file_format == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        return _file("PNG", pnginfo=info)
    return _file("TIFF", tiffinfo={700: packet}) if file_format == "TIFF" else _file(file_format, xmp=packet)


def _source_type(term: str, prefix: str = "Iptc4xmpExt") -> bytes:
    return _xmp("", f"xmlns:{prefix}='{IPTC_EXTENSION}' {prefix}:DigitalSourceType='{SOURCE_TYPES}{term}'")


def _single(report: Report) -> tuple[str, str]:
    assert len(report.signals) == 1, report.signals
    return report.verdict, report.signals[0].reason


def test_a_file_without_any_mark_is_accepted_and_nothing_is_claimed_about_it() -> None:
    report = screen(_file("PNG"))
    assert (report.verdict, report.reasons, report.signals) == (Verdict.ACCEPT, (), ())
    assert report.picture is not None
    assert report.version == screening.SCREEN_VERSION


@pytest.mark.parametrize("data", [b"", _file("JPEG")[:-300], _file("GIF")], ids=["empty", "truncated", "gif"])
def test_an_unreadable_file_says_what_is_wrong_with_it(data: bytes) -> None:
    report = screen(data)
    assert (report.verdict, report.picture) == (Verdict.UNREADABLE, None)
    assert len(report.reasons) == 1
    assert report.signals[0].evidence["value"].endswith(".")


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_an_animation_waits_for_a_reviewer(file_format: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    assert _single(screen(_file(file_format, frames[0], save_all=True, append_images=frames[1:]))) == (
        "hold",
        "several_frames",
    )


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"parameters": PARAMETERS}, "automatic1111_parameters"),
        ({"prompt": COMFYUI_PROMPT}, "comfyui_graph"),
        ({"workflow": COMFYUI_WORKFLOW}, "comfyui_graph"),
        ({"parameters": json.dumps(GENERATION)}, "generation_parameters"),
        ({"parameters": json.dumps({"sui_image_params": GENERATION})}, "generation_parameters"),
        ({"invokeai_metadata": '{"app_version": "4.2"}'}, "invokeai_metadata"),
        ({"sd-metadata": '{"app_id": "x"}'}, "invokeai_metadata"),
        ({"Dream": '"a duck" -s 15 -S 42 -W 512'}, "invokeai_metadata"),
        ({"Software": "NovelAI"}, "generator_named"),
        ({"prompt": "a duck", "seed": "42", "guidance_scale": "7"}, "generation_parameters"),
        ({"Description": f"a duck --v 6 Job ID: {UUID}"}, "midjourney_job_id"),
        ({"AIGC": '{"Label": "1"}'}, "aigc_label_generated"),
    ],
)
def test_a_png_with_the_parameters_of_its_generation_is_rejected(texts: dict[str, str], reason: str) -> None:
    report = screen(_png(**texts))
    assert _single(report) == ("reject", reason)
    assert report.signals[0].evidence["value"]


def test_parameters_behind_the_pixels_are_found_too() -> None:
    assert _single(screen(_text_behind_pixels("parameters", PARAMETERS))) == ("reject", "automatic1111_parameters")


@pytest.mark.parametrize(
    "texts",
    [
        {"prompt": "Describe your best photograph of a duck", "workflow": "raw development, retouching, print"},
        {"parameters": "aperture: 8, Steps: see below"},
        {"Description": "Steps: fifteen, Seed: none, Size: a model of stable diffusion, Job ID: 42"},
        {"parameters": json.dumps({"seed": 42, "steps": 15})},
        {"workflow": json.dumps({"nodes": [], "links": []})},
        {"Comment": "trainedAlgorithmicMedia, ComfyUI, Midjourney, AIGC, stealth_pnginfo"},
        {"Software": "Adobe Photoshop Generative Fill off"},
        {"prompt": "{" * 100_000},
    ],
)
def test_the_words_of_generators_in_ordinary_texts_keep_no_photograph_out(texts: dict[str, str]) -> None:
    assert screen(_png(**texts)).verdict is Verdict.ACCEPT


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_automatic1111_parameters_in_a_jpeg_comment_field_are_read_in_either_byte_order(encoding: str) -> None:
    comment = b"UNICODE\0" + PARAMETERS.encode(encoding)
    exif = _exif(ExifTags.Base.UserComment, comment, ExifTags.IFD.Exif)
    report = screen(_file("JPEG", exif=exif))
    assert _single(report) == ("reject", "automatic1111_parameters")
    assert report.signals[0].evidence["value"].startswith("a duck")


def test_a_comfyui_webp_that_hides_its_graph_as_camera_make_and_model_is_rejected() -> None:
    exif = _exif(ExifTags.Base.Model, f"prompt:{COMFYUI_PROMPT}")
    exif[ExifTags.Base.Make] = f"workflow:{COMFYUI_WORKFLOW}"
    report = screen(_file("WEBP", exif=exif))
    assert report.reasons == ("comfyui_graph",)
    assert {signal.evidence["field"] for signal in report.signals} == {"EXIF Make", "EXIF Model"}


def test_groks_signature_needs_both_halves() -> None:
    exif = _exif(ExifTags.Base.ImageDescription, f"Signature: {'Ab1/' * 20}==")
    assert screen(_file("JPEG", exif=exif)).verdict is Verdict.ACCEPT
    exif[ExifTags.Base.Artist] = UUID
    assert _single(screen(_file("JPEG", exif=exif))) == ("reject", "grok_signature")


@pytest.mark.parametrize(("mode", "word"), [("RGBA", b"stealth_pngcomp"), ("RGB", b"stealth_rgbcomp")])
def test_parameters_hidden_in_the_pixels_are_found_and_shown(mode: str, word: bytes) -> None:
    payload = gzip.compress(PARAMETERS.encode())
    hidden = np.unpackbits(np.frombuffer(word + (len(payload) * 8).to_bytes(4) + payload, dtype=np.uint8))
    pixels = np.asarray(_picture(mode)).transpose(1, 0, 2).copy()
    carrier = pixels[..., 3:] if mode == "RGBA" else pixels
    flat = carrier.reshape(-1).copy()
    flat[: len(hidden)] = flat[: len(hidden)] & 0xFE | hidden
    carrier[...] = flat.reshape(carrier.shape)
    report = screen(_file("PNG", Image.fromarray(pixels.transpose(1, 0, 2))))
    assert _single(report) == ("reject", "stealth_parameters")
    assert "Steps: 15" in report.signals[0].evidence["value"]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_xmp_that_calls_the_picture_generated_is_found_in_every_type_under_any_prefix(file_format: str) -> None:
    packet = _source_type("trainedAlgorithmicMedia", prefix="strange")
    assert _single(screen(_with_xmp(file_format, packet))) == ("reject", "xmp_trained_algorithmic_media")


@pytest.mark.parametrize(
    ("term", "verdict"),
    [
        ("compositeWithTrainedAlgorithmicMedia", "hold"),
        ("compositeSynthetic", "hold"),
        ("algorithmicMedia", "hold"),
        ("digitalCapture", "accept"),
        ("humanEdits", "accept"),
        ("composite", "accept"),
    ],
)
def test_other_source_types_in_xmp_are_held_or_harmless(term: str, verdict: str) -> None:
    assert screen(_file("JPEG", xmp=_source_type(term))).verdict == verdict


def test_the_same_word_under_a_foreign_namespace_means_nothing() -> None:
    foreign = _source_type("trainedAlgorithmicMedia").replace(IPTC_EXTENSION.encode(), b"http://example.org/")
    assert screen(_file("JPEG", xmp=foreign)).verdict is Verdict.ACCEPT


def test_the_source_type_of_an_ingredient_only_holds() -> None:
    inner = (
        f"<e:DigitalSourceType xmlns:e='{IPTC_EXTENSION}'>{SOURCE_TYPES}trainedAlgorithmicMedia</e:DigitalSourceType>"
    )
    pantry = (
        f"<m:Pantry xmlns:m='urn:m'><rdf:Bag><rdf:li rdf:parseType='Resource'>{inner}</rdf:li></rdf:Bag></m:Pantry>"
    )
    report = screen(_file("JPEG", xmp=_xmp(pantry)))
    assert _single(report) == ("hold", "xmp_ingredient_trained_algorithmic_media")


def test_malformed_packets_are_read_as_far_as_their_core_is_whole() -> None:
    packet = b"<?xpacket begin='' <<\x01\x02" + _source_type("trainedAlgorithmicMedia") + b"</x:xmpmeta & old rest"
    assert screen(_file("JPEG", xmp=packet)).verdict is Verdict.REJECT
    for useless in (b"<x:xmpmeta", b"\xff\xfe\x00", b"<!DOCTYPE a [<!ENTITY b 'c'>]><x:xmpmeta>&b;</x:xmpmeta>"):
        assert screen(_file("JPEG", xmp=useless)).verdict is Verdict.ACCEPT


@pytest.mark.parametrize(("label", "verdict"), [("1", "reject"), ("2", "hold"), ("3", "hold"), ("0", "accept")])
def test_the_aigc_label_is_followed(label: str, verdict: str) -> None:
    element = f"<t:AIGC xmlns:t='http://www.tc260.org.cn/ns/AIGC/1.0/'>{json.dumps({'Label': label})}</t:AIGC>"
    assert screen(_file("JPEG", xmp=_xmp(element))).verdict == verdict


def test_evidence_is_an_excerpt_that_can_be_stored_and_shown() -> None:
    comment = b"ASCII\0\0\0" + PARAMETERS.encode() + b"\0" * 8 + b"x" * 5000
    report = screen(_file("JPEG", exif=_exif(ExifTags.Base.UserComment, comment, ExifTags.IFD.Exif)))
    value = report.signals[0].evidence["value"]
    assert len(value) <= 200
    assert "\0" not in value
    assert "Steps: 15" in value


@given(st.sampled_from(["PNG", "JPEG"]), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=8))
def test_damaged_metadata_never_crashes_a_check(kind: str, damage: list[tuple[int, int]]) -> None:
    marked = {"PNG": _png(parameters=PARAMETERS), "JPEG": _file("JPEG", xmp=_source_type("trainedAlgorithmicMedia"))}
    damaged = bytearray(marked[kind])
    for place, value in damage:
        damaged[place % len(damaged)] = value
    assert "check_failed" not in screen(bytes(damaged)).reasons
