"""A statement as PDF: for people, with every line."""

from io import BytesIO

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from marketplace.core.money import Money, format_micro
from payouts.documents import Document

PPM_PER_PERCENT = 10_000
FONT_SIZE, PADDING, MARGIN = 8, 14, 16 * mm
ROWS_A_TABLE = 500
STYLES = getSampleStyleSheet()
TABLE_LOOK = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), "Helvetica", FONT_SIZE),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", FONT_SIZE),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
        ("ALIGN", (-1, 0), (-1, -1), "RIGHT"),
    ]
)


def as_pdf(document: Document, name: str, leaf_sha256: str, root_sha256: str) -> bytes:
    """The PDF's bytes, always the same for the same document."""
    written = BytesIO()
    title = f"Statement of {document['month']}"
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
    content = _content(document, name, leaf_sha256, root_sha256)
    pages.build(
        [Paragraph(title, STYLES["Title"]), *content],
        onFirstPage=_numbered,
        onLaterPages=_numbered,
    )
    return written.getvalue()


def _content(document: Document, name: str, leaf_sha256: str, root_sha256: str) -> list[Flowable]:
    zone = document["time_zone"]
    issued = f"{_writable(name)}contributor {document['contributor']}. Issued at {_time(document['issued_at'])}."
    times = f"All times are {zone}; the month begins and ends at midnight {zone}."
    check = (
        f"This is number {document['index'] + 1} of {document['count']} statements below the root of its month. Its "
        f"hash is {leaf_sha256}, the root {root_sha256}. To check it, download its JSON and verify_statement.py, take "
        "the root from the public page of statement roots, and run: python verify_statement.py statement.json ROOT."
    )
    of_images = ["Download", "Licensed at", "Image", "Price", "Share", "Amount"]
    of_movements = ["Kind", "Posted at", "About", "Entry", "Amount"]
    return [
        Paragraph(f"{issued} {times}", STYLES["Normal"]),
        *_section("Balance", ["Step", "Amount"], _balance(document)),
        *_owed_back(document),
        *_section("Earned", ["Kind", "Amount"], _earnings(document)),
        *_section("Earned by your images", of_images, _images(document)),
        *_section("Adjusted", of_movements, _movements(document, "adjustments")),
        *_section("Paid", of_movements, _movements(document, "payouts")),
        Paragraph("Check this statement", STYLES["Heading2"]),
        Paragraph(check, STYLES["Normal"]),
    ]


def _numbered(canvas: Canvas, pages: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", FONT_SIZE)
    canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, f"{pages.title}, page {canvas.getPageNumber()}")


def _balance(document: Document) -> list[list[str]]:
    steps = {
        "Opening": document["opening_micro"],
        "Earned": document["earned_micro"],
        "Adjusted": document["adjusted_micro"],
        "Paid": -document["paid_micro"],
        "Closing": document["closing_micro"],
    }
    return [[label, _micro(document, amount_micro)] for label, amount_micro in steps.items()]


def _owed_back(document: Document) -> list[Flowable]:
    if not document.get("owed_back_micro"):
        return []
    owed = _micro(document, document["owed_back_micro"])
    sentence = f"Beside this balance, {owed} was owed back at the end of the month. It comes off what you earn next."
    return [Paragraph(sentence, STYLES["Normal"])]


def _earnings(document: Document) -> list[list[str]]:
    return [[_words(line["kind"]), _micro(document, line["amount_micro"])] for line in document["earnings"]]


def _images(document: Document) -> list[list[str]]:
    return [
        [
            str(line["download"]),
            _time(line["downloaded_at"]),
            str(line["asset"]),
            str(Money(line["gross_minor"], document["currency"])),
            f"{line['share_ppm'] // PPM_PER_PERCENT}.{line['share_ppm'] % PPM_PER_PERCENT:04d} %",
            _micro(document, line["amount_micro"]),
        ]
        for line in document["images"]
    ]


def _movements(document: Document, lines: str) -> list[list[str]]:
    return [
        [
            _words(line["kind"]),
            _time(line["posted_at"]),
            line["origin_month"] or "",
            line["entry"],
            _micro(document, line["amount_micro"]),
        ]
        for line in document[lines]
    ]


def _section(title: str, columns: list[str], rows: list[list[str]]) -> list[Flowable]:
    """A heading and its rows, or nothing; in several tables of equal columns, since a long one takes ever longer."""
    if not rows:
        return []
    longest = [max((row[place] for row in [columns, *rows]), key=len) for place in range(len(columns))]
    widths = [stringWidth(text, "Helvetica-Bold", FONT_SIZE) + PADDING for text in longest]
    tables = [
        Table([columns, *rows[begin : begin + ROWS_A_TABLE]], widths, repeatRows=1, hAlign="LEFT", style=TABLE_LOOK)
        for begin in range(0, len(rows), ROWS_A_TABLE)
    ]
    return [Paragraph(title, STYLES["Heading2"]), *tables]


def _micro(document: Document, amount_micro: int) -> str:
    return f"{format_micro(amount_micro)} {document['currency']}"


def _time(instant: str) -> str:
    return f"{instant[:10]} {instant[11:16]} UTC"


def _words(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _writable(name: str) -> str:
    """A name in the fonts that every PDF reader has, which know Latin letters; any other is left to the number."""
    try:
        name.encode("cp1252")
    except UnicodeEncodeError:
        return ""
    return name.replace("&", "&amp;").replace("<", "&lt;") + ", "
