"""Words for the codes that programs use: what a token may do, and what a webhook tells."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.core.scopes import Scope
from marketplace.core.webhooks import Event

_SCOPES: dict[str, Promise] = {
    Scope.ASSETS_READ: _("see uploads, images, consents and copies"),
    Scope.ASSETS_WRITE: _("upload images, appeal, change consents and contest copies"),
    Scope.GENERATIONS_READ: _("see generator models and generated images"),
    Scope.GENERATIONS_WRITE: _("send images that your own generator made"),
    Scope.DOWNLOADS_READ: _("see orders and licences, and fetch licensed files"),
    Scope.DOWNLOADS_WRITE: _("order licences and record edits"),
    Scope.EARNINGS_READ: _("see earnings and why"),
    Scope.STATEMENTS_READ: _("see statements"),
    Scope.PAYOUTS_READ: _("see payouts, payout runs, findings and reconciliations"),
    Scope.PAYOUTS_WRITE: _("draft, approve, send and cancel payout runs"),
    Scope.MONTHS_READ: _("see months and fetch exports"),
    Scope.MONTHS_WRITE: _("close months and approve closes"),
    Scope.SCREENING_READ: _("see uploads that wait for a reviewer"),
    Scope.SCREENING_WRITE: _("decide on uploads"),
    Scope.WEBHOOKS_READ: _("see webhook addresses and what they were told"),
    Scope.WEBHOOKS_WRITE: _("add and remove webhook addresses"),
}
_EVENTS: dict[str, Promise] = {
    Event.STATEMENT_ISSUED: _("a statement is issued"),
    Event.PAYOUT_SENT: _("a payout is sent"),
    Event.PAYOUT_HELD: _("a payout is held back"),
    Event.UPLOAD_DECIDED: _("an upload is decided"),
}


def scope(code: str) -> str:
    """What a token of that scope may do; the code itself where only another version knows it."""
    return str(_SCOPES.get(code, code))


def event(code: str) -> str:
    """What happened where that event is told; the code itself where only another version knows it."""
    return str(_EVENTS.get(code, code))
