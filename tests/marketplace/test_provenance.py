"""A generated image that leaves the house says in its file what it is, and says nothing else."""

from io import BytesIO
from typing import Any, get_args

import pytest
from PIL import ExifTags, Image

from marketplace.provenance import DigitalSourceType, ImageFormat, mark_generated, xmp_packet

IPTC_EXTENSION = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
CREATOR_TOOL = "{http://ns.adobe.com/xap/1.0/}CreatorTool"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FORMATS = get_args(ImageFormat)
TRAINED = DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA


def _gradient() -> Image.Image:
    return Image.merge("RGB", (Image.linear_gradient("L"), Image.radial_gradient("L"), Image.new("L", (256, 256), 90)))


def _read(file: bytes) -> Image.Image:
    image = Image.open(BytesIO(file))
    image.load()
    return image


def _properties(image: Image.Image) -> dict[str, Any]:
    meta = image.getxmp(strip_namespaces=False)["{adobe:ns:meta/}xmpmeta"]
    description: dict[str, Any] = meta[f"{RDF}RDF"][f"{RDF}Description"]
    assert description.pop(f"{RDF}about") == ""
    return description


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_delivered_file_names_its_digital_source_type_and_ai_system(file_format: ImageFormat) -> None:
    file = mark_generated(
        _gradient(), source_type=TRAINED, system="Ünnamed <model> & co", system_version="2.1", file_format=file_format
    )
    image = _read(file)
    assert image.format == file_format
    assert _properties(image) == {
        f"{IPTC_EXTENSION}DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        f"{IPTC_EXTENSION}AISystemUsed": "Ünnamed <model> & co",
        f"{IPTC_EXTENSION}AISystemVersionUsed": "2.1",
    }


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_picture_that_no_trained_model_made_does_not_claim_an_ai_system(file_format: ImageFormat) -> None:
    file = mark_generated(
        _gradient(),
        source_type=DigitalSourceType.COMPOSITE,
        system="remix",
        system_version="1",
        file_format=file_format,
    )
    assert _properties(_read(file)) == {
        f"{IPTC_EXTENSION}DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/composite",
        CREATOR_TOOL: "remix 1",
    }


@pytest.mark.parametrize("file_format", FORMATS)
def test_nothing_else_that_the_image_carried_reaches_the_file(file_format: ImageFormat) -> None:
    image = _gradient()
    secrets = {"comment": b"secret", "icc_profile": b"secret", "dpi": (72, 72), "parameters": "secret"}
    image.info.update(secrets, transparency=(1, 2, 3))
    image.getexif()[ExifTags.Base.Make] = "secret"
    image.info["exif"] = image.getexif().tobytes()
    file = mark_generated(image, source_type=TRAINED, system="model", system_version="1", file_format=file_format)
    written = _read(file)
    of_the_format = {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    of_the_packet = {"xmp", "XML:com.adobe.xmp"}
    of_a_still_webp = {"background", "loop", "duration", "timestamp"}
    assert set(written.info) - of_the_format - of_a_still_webp <= of_the_packet
    assert not written.getexif()
    assert b"secret" not in file
    assert image.info["comment"] == b"secret", "the caller's image was changed"


def test_a_png_keeps_every_pixel() -> None:
    file = mark_generated(_gradient(), source_type=TRAINED, system="model", system_version="1", file_format="PNG")
    assert _read(file).tobytes() == _gradient().tobytes()


def test_the_packet_alone_can_be_written_beside_other_fields() -> None:
    packet = xmp_packet(source_type=TRAINED, system="model", system_version="1").decode()
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta')
    assert "<Iptc4xmpExt:AISystemUsed>model</Iptc4xmpExt:AISystemUsed>" in packet
    assert packet.endswith('<?xpacket end="r"?>')
