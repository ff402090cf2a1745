from datetime import date

import pytest

from payouts.core.tax_forms import TaxForm, TaxFormKind, forms_for, objection

W8 = (TaxFormKind.W8BEN, TaxFormKind.W8BEN_E)
ON = date(2026, 11, 3)


@pytest.mark.parametrize(
    ("platform_country", "country", "needed"),
    [
        ("US", "US", (TaxFormKind.W9,)),
        ("US", "DE", W8),
        ("DE", "DE", (TaxFormKind.DAC7,)),
        ("DE", "FR", (TaxFormKind.DAC7,)),
        ("DE", "NO", ()),
        ("CA", "US", ()),
    ],
)
def test_the_form_depends_on_both_countries(
    platform_country: str, country: str, needed: tuple[TaxFormKind, ...]
) -> None:
    assert forms_for(platform_country, country) == needed


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (None, "Send us your tax form: W-8BEN or W-8BEN-E."),
        (
            TaxForm(TaxFormKind.W9, is_accepted=True),
            "Your W-9 is not the tax form for where you are paid: send us W-8BEN or W-8BEN-E.",
        ),
        (
            TaxForm(TaxFormKind.W8BEN, False, None, "the signature is missing"),
            "Your W-8BEN was rejected (the signature is missing): send us another one, W-8BEN or W-8BEN-E.",
        ),
        (
            TaxForm(TaxFormKind.W8BEN, True, date(2026, 11, 2)),
            "Your W-8BEN was valid until 2026-11-02: send us a new one.",
        ),
        (TaxForm(TaxFormKind.W8BEN, True, ON), ""),
    ],
)
def test_what_is_wrong_with_a_form_is_a_sentence_for_its_contributor(form: TaxForm | None, sentence: str) -> None:
    assert objection(form, W8, ON) == sentence


def test_where_no_form_is_needed_none_is_missed() -> None:
    assert objection(None, (), ON) == ""
