"""A statement as CSV: for spreadsheets and other machines."""

import csv
from io import StringIO
from typing import Any

from marketplace.core.money import format_micro, format_minor
from payouts.documents import Document

COLUMNS = [
    *("month", "contributor", "section", "kind", "entry", "at", "origin_month", "download", "asset", "gross"),
    *("share_ppm", "amount", "currency"),
]


def as_csv(document: Document) -> str:
    """One header, a row for each line and one footer; `.` decimals and ISO times in UTC.

    The rows of the sections opening, earning, adjustment and payout add up to the footer, which is the closing balance;
    those of the section image are what the earning by attribution is made of, and owed_back is no part of it.
    """
    written = StringIO()
    rows = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    rows.writerow(_row(document, "opening", document["opening_micro"]))
    for line in document["earnings"]:
        rows.writerow(_row(document, "earning", line["amount_micro"], kind=line["kind"]))
    rows.writerows(_image(document, line) for line in document["images"])
    rows.writerows(_movement(document, "adjustment", line, 1) for line in document["adjustments"])
    rows.writerows(_movement(document, "payout", line, -1) for line in document["payouts"])
    if document.get("owed_back_micro"):
        rows.writerow(_row(document, "owed_back", document["owed_back_micro"]))
    rows.writerow(_row(document, "closing", document["closing_micro"], at=document["issued_at"]))
    return written.getvalue()


def _row(document: Document, section: str, amount_micro: int, **columns: Any) -> dict[str, Any]:
    same = {name: document[name] for name in ("month", "contributor", "currency")}
    return same | {"section": section, "amount": format_micro(amount_micro)} | columns


def _image(document: Document, line: Document) -> dict[str, Any]:
    return _row(
        document,
        "image",
        line["amount_micro"],
        at=line["downloaded_at"],
        download=line["download"],
        asset=line["asset"],
        gross=format_minor(line["gross_minor"], document["currency"]),
        share_ppm=line["share_ppm"],
    )


def _movement(document: Document, section: str, line: Document, sign: int) -> dict[str, Any]:
    return _row(
        document,
        section,
        sign * line["amount_micro"],
        kind=line["kind"],
        entry=line["entry"],
        at=line["posted_at"],
        origin_month=line["origin_month"] or "",
    )
