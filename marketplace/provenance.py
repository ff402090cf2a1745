"""What we hand out says what it is: the IPTC properties of a generated image in the file's XMP.

Properties and words are those of the IPTC Photo Metadata Standard 2025.1 and its Digital Source Type vocabulary.
"""

from enum import StrEnum
from io import BytesIO
from typing import Literal, TypeAlias
from xml.etree import ElementTree

from PIL import Image, PngImagePlugin

ImageFormat: TypeAlias = Literal["PNG", "JPEG", "WEBP"]

IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP_META = "adobe:ns:meta/"
XMP_BASIC = "http://ns.adobe.com/xap/1.0/"
LOSSY_QUALITY = 92

ElementTree.register_namespace("x", XMP_META)
ElementTree.register_namespace("rdf", RDF)
ElementTree.register_namespace("xmp", XMP_BASIC)
ElementTree.register_namespace("Iptc4xmpExt", IPTC_EXTENSION)


class DigitalSourceType(StrEnum):
    """How a picture came to be.

    COMPOSITE is the type for the sample remixer: several elements, of which the term says neither that they are nor
    that they are not made by generative AI. (The vocabulary's compositeSynthetic would claim that some are.)
    """

    TRAINED_ALGORITHMIC_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA = (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    )
    COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/composite"


MADE_BY_TRAINED_MODEL = frozenset(
    {DigitalSourceType.TRAINED_ALGORITHMIC_MEDIA, DigitalSourceType.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA}
)


def mark_generated(
    image: Image.Image,
    *,
    source_type: DigitalSourceType,
    system: str,
    system_version: str,
    file_format: ImageFormat = "PNG",
) -> bytes:
    """Encode the image's RGB pixels as a file that holds the XMP of `xmp_packet` and no other metadata."""
    packet = xmp_packet(source_type=source_type, system=system, system_version=system_version)
    pixels = image.convert("RGB")
    pixels.info = {}  # Pillow would write a comment, a colour profile or a transparent colour found here
    file = BytesIO()
    if file_format == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        pixels.save(file, file_format, pnginfo=text)
    else:
        pixels.save(file, file_format, quality=LOSSY_QUALITY, xmp=packet)
    return file.getvalue()


def xmp_packet(*, source_type: DigitalSourceType, system: str, system_version: str) -> bytes:
    """An XMP packet (UTF-8) with the digital source type and the system that made the picture.

    The system is named in IPTC's AI properties only where a trained model was at work, since their mere presence
    marks a picture as AI; otherwise it is XMP's creator tool.
    """
    properties = {f"{{{IPTC_EXTENSION}}}DigitalSourceType": str(source_type)}
    if source_type in MADE_BY_TRAINED_MODEL:
        properties[f"{{{IPTC_EXTENSION}}}AISystemUsed"] = system
        properties[f"{{{IPTC_EXTENSION}}}AISystemVersionUsed"] = system_version
    else:
        properties[f"{{{XMP_BASIC}}}CreatorTool"] = f"{system} {system_version}"
    meta = ElementTree.Element(f"{{{XMP_META}}}xmpmeta")
    rdf = ElementTree.SubElement(meta, f"{{{RDF}}}RDF")
    description = ElementTree.SubElement(rdf, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
    for name, value in properties.items():
        ElementTree.SubElement(description, name).text = value
    body = ElementTree.tostring(meta, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{body}<?xpacket end="r"?>'.encode()
