"""Which states a generator model may pass through, and when an audit speaks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.core.model_states import (
    Audited,
    Candidate,
    ModelRefused,
    ModelState,
    require_transition,
    why_no_current_audit,
    why_not_on_sale,
)

FROZEN_AT = datetime(2026, 9, 1, tzinfo=UTC)
AUDITED_AT = FROZEN_AT + timedelta(days=10)
NOW = AUDITED_AT + timedelta(days=180)
READY = Candidate(
    training_set_id=7, frozen_at=FROZEN_AT, changed_at=FROZEN_AT, audited=Audited(7, AUDITED_AT), missing=()
)
LATER = AUDITED_AT + timedelta(microseconds=1)


@pytest.mark.parametrize("now", ModelState)
@pytest.mark.parametrize("then", ModelState)
def test_a_model_is_sold_only_after_its_audit_and_never_comes_back_from_retirement(
    now: ModelState, then: ModelState
) -> None:
    allowed = {
        ("draft", "audited"),
        ("draft", "retired"),
        ("audited", "draft"),
        ("audited", "on sale"),
        ("audited", "retired"),
        ("on sale", "draft"),
        ("on sale", "retired"),
    }
    if (now, then) in allowed:
        require_transition(now, then)
    else:
        with pytest.raises(ModelRefused, match=f"A model that is {now} cannot become {then}; it may become "):
            require_transition(now, then)


def test_an_audit_of_the_set_since_the_last_change_speaks_for_the_model_until_it_is_too_old() -> None:
    assert why_not_on_sale(READY, NOW, 180) == ""
    assert "older than 180 days" in why_not_on_sale(READY, NOW + timedelta(microseconds=1), 180)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (replace(READY, training_set_id=None), "no frozen training set"),
        (replace(READY, frozen_at=None), "no frozen training set"),
        (replace(READY, audited=None), "No replication audit"),
        (replace(READY, audited=Audited(8, AUDITED_AT)), "of another training set"),
        (replace(READY, changed_at=LATER), "changed after its replication audit"),
        (replace(READY, frozen_at=LATER), "changed after its replication audit"),
    ],
)
def test_what_no_audit_speaks_for_is_not_sold_and_the_sentence_says_what_to_do(model: Candidate, why: str) -> None:
    assert why in why_no_current_audit(model, AUDITED_AT, 180)
    assert why in why_not_on_sale(model, AUDITED_AT, 180)


def test_a_model_whose_card_is_not_written_is_not_sold() -> None:
    silent = replace(READY, missing=("data origin", "known limits"))
    assert why_not_on_sale(silent, NOW, 180) == "Its card does not say its data origin, known limits: write that first."
    assert why_no_current_audit(silent, NOW, 180) == ""
