"""How far a submission has come: screened, decided by a reviewer where it is held, appealed, decided for good."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.core.verdicts import Verdict


class Decision(StrEnum):
    """What a reviewer decided of a held submission or of an appeal. Only a generated one counts as a strike."""

    ACCEPTED = "accepted"
    GENERATED = "rejected as generated"
    OTHER = "rejected on other grounds"


class State(StrEnum):
    """Where a submission stands, for its contributor and for reviewers."""

    ACCEPTED = "accepted"
    HELD = "held for a reviewer"
    UNREADABLE = "unreadable"
    REJECTED = "rejected"
    TOO_LATE = "rejected, and the time to appeal is over"
    APPEALED = "appealed"
    WON = "accepted on appeal"
    LOST = "rejected on appeal"


WHAT_NEXT = {
    State.ACCEPTED: "It is in the catalogue.",
    State.HELD: (
        "A reviewer looks at it beside what you read here. If they reject it, you can appeal, unless you did before."
    ),
    State.UNREADABLE: "It cannot be appealed, since there is no picture to look at: export it again and upload that.",
    State.REJECTED: "You can appeal: a reviewer who has not decided on it before looks at it.",
    State.TOO_LATE: "The time to appeal is over.",
    State.APPEALED: "A reviewer who has not decided on it before decides. You read here how, and why.",
    State.WON: "Your appeal was right, and the image is in the catalogue. Its strike, if there was one, is taken back.",
    State.LOST: "A reviewer rejected it after your appeal. That is final.",
}
WAITING = (State.HELD, State.APPEALED)


def submission_state(
    verdict: Verdict, *, is_appealed: bool, is_appeal_decided: bool, deadline_at: datetime, at: datetime
) -> State:
    """The state by the newest verdict, by what became of an appeal, and by the end of the time to appeal."""
    if is_appealed and not is_appeal_decided:
        return State.APPEALED
    if verdict is Verdict.ACCEPT:
        return State.WON if is_appealed else State.ACCEPTED
    if verdict is Verdict.REJECT:
        if is_appealed:
            return State.LOST
        return State.REJECTED if at < deadline_at else State.TOO_LATE
    return State.HELD if verdict is Verdict.HOLD else State.UNREADABLE


def appeal_deadline(rejected_at: datetime, days: int) -> datetime:
    """Until when, not included, a rejection can be appealed."""
    return rejected_at + timedelta(days=days)


def why_not_decide(reviewer_id: int, owner_id: int | None, decided_by: Collection[int], *, is_appealed: bool) -> str:
    """Why a reviewer may not decide on a submission, in words; empty where they may.

    Who decided on it before decides no appeal, and may decide when it is held again for another reason.
    """
    if reviewer_id == owner_id:
        return "It is your own upload: another reviewer decides."
    if is_appealed and reviewer_id in decided_by:
        return "You decided on it before: a second reviewer decides the appeal."
    return ""
