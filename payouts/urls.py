"""Addresses of the money."""

from django.urls import path, register_converter

from marketplace.core.periods import Month
from payouts.views import (
    adjustments,
    being_paid,
    claims,
    contributor,
    exports,
    finance,
    findings,
    holds,
    images,
    ledger,
    objections,
    operations,
    orders,
    payee,
    periods,
    personal_data,
    policies,
    reconciliation,
    run,
    runs,
    statements,
    tax_forms,
    transparency,
    webhooks,
    what_if,
    why,
)


class MonthConverter:
    """A month in an address: /2026-10/."""

    regex = r"[0-9]{4}-[0-9]{2}"

    def to_python(self, value: str) -> Month:
        """Raise ValueError, which Django takes as no match, where the calendar has no such month."""
        return Month.parse(value)

    def to_url(self, value: Month) -> str:
        """The month as it prints."""
        return str(value)


register_converter(MonthConverter, "month")

urlpatterns = [
    path("accounts/data/", personal_data.personal_data, name="personal_data"),
    path("accounts/data/export.zip", personal_data.export, name="export_person"),
    path("accounts/data/erase/", personal_data.erase, name="erase_person"),
    path("generations/<int:generation_id>/license/", orders.license_generation, name="license_generation"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("orders/<int:order_id>/paid/", orders.paid, name="order_paid"),
    path("orders/<int:order_id>/cancelled/", orders.cancelled, name="order_cancelled"),
    path("orders/<int:order_id>/pay/", orders.pay, name="pay_order"),
    path("contributor/", contributor.overview, name="overview"),
    path("contributor/account/", being_paid.connect, name="connect_account"),
    path("contributor/tiles/", contributor.tiles, name="tiles"),
    path("contributor/images/", images.images, name="images"),
    path("contributor/images/<int:asset_id>/", images.image, name="image"),
    path("contributor/payouts/", being_paid.payout_history, name="payout_history"),
    path("contributor/objections/", objections.objections, name="objections"),
    path("contributor/claims/", claims.claim, name="claim_share"),
    path("contributor/what-if/", what_if.what_if, name="what_if"),
    path("contributor/statements/", statements.statements, name="statements"),
    path("contributor/earnings/<month:month>/", contributor.earnings, name="earnings"),
    path("contributor/statements/<month:month>/", statements.statement, name="statement"),
    path("contributor/statements/<month:month>/check/", statements.check_statement, name="check_statement"),
    path("contributor/statements/<month:month>/statement.json", statements.statement_json, name="statement_json"),
    path("contributor/statements/<month:month>/statement.csv", statements.statement_csv, name="statement_csv"),
    path("contributor/statements/<month:month>/statement.pdf", statements.statement_pdf, name="statement_pdf"),
    path("transparency/", transparency.transparency, name="transparency"),
    path("statement-roots/", statements.statement_roots, name="statement_roots"),
    path("statement-roots/verify_statement.py", statements.verify_statement, name="verify_statement"),
    path("downloads/<int:download_id>/why/", why.why, name="why"),
    path("finance/", finance.finance, name="finance"),
    path("claims/", claims.claim_queue, name="claim_queue"),
    path("claims/<int:claim_id>/", claims.claimed, name="claimed"),
    path("claims/<int:claim_id>/decide/", claims.decide, name="decide_claim"),
    path("finance/months/", periods.periods, name="periods"),
    path("finance/months/<month:month>/", periods.period, name="period"),
    path("finance/months/<month:month>/contributors/<int:contributor_id>/", payee.payee_lines, name="payee_lines"),
    path("finance/months/<month:month>/preview/", periods.preview, name="preview_close"),
    path("finance/months/<month:month>/close/", periods.close, name="close_period"),
    path("finance/months/<month:month>/approve/", periods.approve, name="approve_close"),
    path("finance/policies/", policies.policies, name="policies"),
    path("finance/policies/add/", policies.add, name="add_policy"),
    path("finance/policies/preview/", policies.preview, name="preview_policy"),
    path("finance/runs/", runs.runs, name="runs"),
    path("finance/runs/draft/", runs.draft, name="draft_payout_run"),
    path("finance/runs/<int:run_id>/", run.run, name="run"),
    path("finance/runs/<int:run_id>/progress/", run.progress, name="run_progress"),
    path("finance/payouts/<int:payout_id>/", run.payout, name="payout"),
    path("finance/runs/<int:run_id>/approve/", runs.approve, name="approve_payout_run"),
    path("finance/runs/<int:run_id>/cancel/", runs.cancel, name="cancel_payout_run"),
    path("finance/runs/<int:run_id>/send/", runs.send, name="send_payout_run"),
    path("finance/runs/<int:run_id>/pause/", runs.pause, name="pause_payout_run"),
    path("finance/exports/", exports.exports, name="exports"),
    path("finance/tax-forms/", tax_forms.tax_forms, name="tax_forms"),
    path("finance/ledger/", ledger.ledger, name="ledger"),
    path("finance/reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("finance/reconciliation/now/", reconciliation.reconcile, name="reconcile"),
    path("finance/findings/", findings.findings, name="findings"),
    path("finance/findings/<int:finding_id>/assign/", findings.assign, name="assign_finding"),
    path("finance/findings/<int:finding_id>/resolve/", findings.resolve, name="resolve_finding"),
    path("finance/holds/", holds.holds, name="holds"),
    path("finance/holds/<int:hold_id>/end/", holds.end, name="end_hold"),
    path("finance/adjustments/", adjustments.adjustments, name="adjustments"),
    path("finance/refunds/", adjustments.refunds, name="refunds"),
    path("operations/", operations.operations, name="operations"),
    path("metrics", operations.metrics, name="metrics"),
    path("webhooks/stripe/", webhooks.stripe, name="stripe_webhook"),
]
