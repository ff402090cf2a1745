"""Which tax form a contributor needs before they are paid, and whether theirs is in force.

Sources, as they were in November 2026. A payer in the United States asks its own residents for a W-9 and all others
for a W-8BEN, or as an entity for a W-8BEN-E, which holds until the end of the third year after it was signed (IRS,
instructions for the requester of each form). A platform in the European Union asks sellers who are resident there for
a self-certification (Council Directive (EU) 2021/514, DAC7). Anywhere else no form is asked for. Nothing is filed here,
and whether more is needed is for a tax adviser to say.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from payouts.core.borders import EEA

EU = EEA - {"IS", "LI", "NO"}


class TaxFormKind(StrEnum):
    """The forms by which a contributor says where they are taxed."""

    W9 = "W-9"
    W8BEN = "W-8BEN"
    W8BEN_E = "W-8BEN-E"
    DAC7 = "DAC7 self-certification"


EXPIRING = (TaxFormKind.W8BEN, TaxFormKind.W8BEN_E)


@dataclass(frozen=True, slots=True)
class TaxForm:
    """What finance last decided on a contributor's form; `note` says why it was rejected."""

    kind: TaxFormKind
    is_accepted: bool
    valid_until_on: date | None = None
    note: str = ""


def forms_for(platform_country: str, country: str) -> tuple[TaxFormKind, ...]:
    """The forms of which a contributor in a country needs one, none where no form is asked for."""
    if platform_country == "US":
        return (TaxFormKind.W9,) if country == "US" else EXPIRING
    if platform_country in EU and country in EU:
        return (TaxFormKind.DAC7,)
    return ()


def objection(form: TaxForm | None, needed: tuple[TaxFormKind, ...], on: date) -> str:
    """What is wrong with a contributor's form on a day, as a sentence for them; empty where nothing is."""
    if not needed:
        return ""
    asked = " or ".join(needed)
    if form is None:
        return f"Send us your tax form: {asked}."
    if not form.is_accepted:
        return f"Your {form.kind} was rejected ({form.note}): send us another one, {asked}."
    if form.kind not in needed:
        return f"Your {form.kind} is not the tax form for where you are paid: send us {asked}."
    if form.valid_until_on is not None and form.valid_until_on < on:
        return f"Your {form.kind} was valid until {form.valid_until_on}: send us a new one."
    return ""
