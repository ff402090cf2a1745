"""XMP properties under their namespace URI, out of packets that are often malformed."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
ROOTS = (re.compile(r"<((?:[\w.-]+:)?xmpmeta)[\s>]"), re.compile(r"<((?:[\w.-]+:)?RDF)[\s>]"))
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class XmpProperty(NamedTuple):
    """A property `{namespace URI}name`. `nested` means that it describes a part, such as an ingredient."""

    name: str
    value: str
    nested: bool

    @property
    def local_name(self) -> str:
        return self.name.rpartition("}")[2]


def read_properties(packet: bytes) -> list[XmpProperty]:
    """Return the properties of a packet, given as attributes or as elements; none where it cannot be parsed."""
    text = NOT_IN_XML.sub("", _decode(packet))
    rdf = next((rdf for root in ROOTS for rdf in _parse(_cut(text, root))), ())
    return [found for node in rdf for found in _of_node(node)]


def _cut(text: str, root: re.Pattern[str]) -> str:
    """Return the root element alone: real packets carry broken headers before it and remains of older ones after it."""
    opening = root.search(text)
    if opening is None:
        return ""
    closing = f"</{opening.group(1)}>"
    return text[opening.start() : text.rfind(closing)] + closing


def _parse(text: str) -> Iterator[Element]:
    try:
        yield from fromstring(text).iter(f"{RDF}RDF")
    except (ParseError, ValueError):  # defusedxml's refusals are ValueErrors
        return


def _decode(packet: bytes) -> str:
    """Decode UTF-8, or UTF-16 as its zero bytes tell."""
    if b"\0" not in packet[:64]:
        return packet.decode("utf-8", "replace")
    big_endian = packet[:64:2].count(0) > packet[1:64:2].count(0)
    return packet.decode("utf-16-be" if big_endian else "utf-16-le", "replace")


def _of_node(node: Element) -> Iterator[XmpProperty]:
    for name, value in node.attrib.items():
        yield XmpProperty(name, value, nested=False)
    for child in node:
        value = child.get(f"{RDF}resource") or "".join(child.itertext()).strip()
        yield XmpProperty(child.tag, value, nested=False)
        yield from _of_parts(child)


def _of_parts(structure: Element) -> Iterator[XmpProperty]:
    for part in structure.iter():
        for name, value in part.attrib.items():
            yield XmpProperty(name, value, nested=True)
        if part is not structure and not part.tag.startswith(RDF):  # histories list thousands of rdf:li
            yield XmpProperty(part.tag, part.get(f"{RDF}resource") or (part.text or "").strip(), nested=True)
