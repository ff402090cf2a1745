"""Whether a generation may be sold, by what its check found and what a reviewer then decided."""

from enum import StrEnum


class Outcome(StrEnum):
    """What the check of a generation found."""

    CLEAR = "clear"
    REVIEW = "review"
    BLOCKED = "blocked"


class Decision(StrEnum):
    """What a reviewer decided of a finding: it does not stand in the way of a sale, or it does."""

    CLEARED = "cleared"
    UPHELD = "upheld"


class SaleState(StrEnum):
    """Whether a generation may be sold, or what it waits for."""

    UNCHECKED = "unchecked"
    HELD = "held"
    REFUSED = "refused"
    MODEL_NOT_ON_SALE = "model not on sale"
    FOR_SALE = "for sale"


WHY_NOT_FOR_SALE = {
    SaleState.UNCHECKED: (
        "It has not been compared with the images that its model was trained on yet. Look again in a minute."
    ),
    SaleState.HELD: (
        "Part of it is nearly the same as an image that its model was trained on, or it seems to show a known mark, or "
        "people where it must show none. It can be licensed only if a reviewer clears it."
    ),
    SaleState.REFUSED: (
        "A reviewer found that it copies an image that its model was trained on, or shows a known mark, or people "
        "where it must show none. It is not for sale."
    ),
    SaleState.MODEL_NOT_ON_SALE: "The generator model that made it is not on sale.",
}


def sale_state(outcome: Outcome | None, decision: Decision | None) -> SaleState:
    """The state that the newest check of a generation and the decision that counts, if any, leave it in.

    What has not been checked is not sold. A reviewer's decision counts whatever the check found; without one, only
    what is blocked has to wait.
    """
    if outcome is None:
        return SaleState.UNCHECKED
    if decision is not None:
        return SaleState.FOR_SALE if decision is Decision.CLEARED else SaleState.REFUSED
    return SaleState.HELD if outcome is Outcome.BLOCKED else SaleState.FOR_SALE
