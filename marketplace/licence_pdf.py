"""A licence certificate as PDF: for people, with a QR code that leads to the public page which says the same."""

import json
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from marketplace.licences import Document, Section, grouped, sections

FONT_SIZE, MARGIN, LABELS, QR_EDGE, LEAST_SECTION = 9, 16 * mm, 42 * mm, 34 * mm, 30 * mm
STYLES = getSampleStyleSheet()
SMALL = ParagraphStyle("small", STYLES["Normal"], fontSize=FONT_SIZE, leading=FONT_SIZE + 3, splitLongWords=True)
LINES = TableStyle(
    [
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]
)


def certificate_as_pdf(certificate: str, address: str) -> bytes:
    """The PDF of a certificate as it is stored, the JSON with its signature; `address` is that of its public page."""
    sealed = json.loads(certificate)
    return as_pdf(sealed["certificate"], f"{sealed['signature']['algorithm']} {sealed['signature']['value']}", address)


def as_pdf(document: Document, signature: str, address: str) -> bytes:
    """The PDF's bytes, always the same for the same certificate; `address` is that of its public page."""
    written = BytesIO()
    title = f"Licence certificate {grouped(document['certificate'])}"
    pages = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author="Tributary",
        invariant=1,  # neither the time nor a random id in it
    )
    check = (
        f"Scan the code, or open {address}: the page needs no account and must say the same as this paper. The file "
        "itself can be dropped there too. Characters that this PDF's font lacks are shown as ?; the JSON has them all."
    )
    head = Table([[_text(check), _qr(address)]], [A4[0] - 2 * MARGIN - QR_EDGE, QR_EDGE], style=LINES)
    pages.build(
        [
            Paragraph(title, STYLES["Title"]),
            head,
            *(flowable for section in sections(document) for flowable in _section(section)),
            *_section(("Signature", [("Algorithm and value", signature)])),
        ]
    )
    return written.getvalue()


def _section(section: Section) -> list[Flowable]:
    heading, rows = section
    table = Table(
        [[_text(label), _text(value)] for label, value in rows],
        [LABELS, A4[0] - 2 * MARGIN - LABELS],
        hAlign="LEFT",
        style=LINES,
        splitInRow=1,  # a model's card may say more than a page holds
    )
    return [CondPageBreak(LEAST_SECTION), Paragraph(heading, STYLES["Heading2"]), table]


def _qr(address: str) -> Drawing:
    code = QrCodeWidget(address, barLevel="M", barWidth=QR_EDGE, barHeight=QR_EDGE)
    drawing = Drawing(QR_EDGE, QR_EDGE)
    drawing.add(code)
    return drawing


def _text(text: str) -> Paragraph:
    """Text of others in a font that every PDF reader has, which knows Latin letters."""
    written = text.encode("cp1252", "replace").decode("cp1252")
    return Paragraph(escape(written), SMALL)
