"""Addresses of the API that the money adds."""

from rest_framework.routers import SimpleRouter

from payouts.api.earnings import Earnings, Why
from payouts.api.finance import Exports, Findings, Months, PayoutRuns, Reconciliations, RunPayouts
from payouts.api.orders import Orders
from payouts.api.statements import Payouts, StatementRoots, Statements

router = SimpleRouter()
router.register("earnings", Earnings, "earning")
router.register("downloads", Why, "why")
router.register("orders", Orders, "order")
router.register("statements", Statements, "statement")
router.register("payouts", Payouts, "payout")
router.register("statement-roots", StatementRoots, "statement-root")
router.register("months", Months, "month")
router.register("payout-runs", PayoutRuns, "payout-run")
router.register(r"payout-runs/(?P<run_id>[0-9]+)/payouts", RunPayouts, "run-payout")
router.register("findings", Findings, "finding")
router.register("reconciliations", Reconciliations, "reconciliation")
router.register("exports", Exports, "export")

urlpatterns = router.urls
