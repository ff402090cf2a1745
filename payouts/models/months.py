"""A month of money: policy, revenue events, the period and its earnings."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.models import Contributor, Download
from marketplace.triggers import append_only
from payouts.models.audit import linked_at_commit


class Policy(models.Model):
    """The rules in force from a date on. A change is a new row; what was paid under the old one stays."""

    effective_at = models.DateTimeField(unique=True)
    contributor_rate_ppm = models.PositiveIntegerField(help_text="Part of net revenue that goes to contributors.")
    fee_ppm = models.PositiveIntegerField(help_text="Card fee as part of the gross price.")
    threshold_minor = models.PositiveBigIntegerField(help_text="Less than this is carried over to the next run.")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(contributor_rate_ppm__lte=1_000_000, fee_ppm__lte=1_000_000),
                name="policy_rates_at_most_one",
            ),
        )
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="not_retroactive",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("settled_until", "timestamptz")],
                func="""
                SELECT greatest(
                    (SELECT max(effective_at) FROM payouts_policy),
                    (SELECT max(greatest(r.occurred_at, p.month_on::timestamp AT TIME ZONE 'UTC'))
                     FROM payouts_revenueevent AS r JOIN payouts_period AS p ON p.id = r.period_id)
                ) INTO settled_until;
                IF NEW.effective_at <= settled_until THEN
                    RAISE EXCEPTION 'A policy changes nothing that was booked: let this one take effect after % UTC.',
                        to_char(settled_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');
                END IF;
                RETURN NEW;
                """,
            ),
        )


class Period(models.Model):
    """A UTC month of one currency: open, then closing, then closed for good by a second person."""

    OPEN, CLOSING, CLOSED = "open", "closing", "closed"

    month_on = models.DateField(help_text="The first day of the month.")
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, default=OPEN, choices=[(s, s) for s in (OPEN, CLOSING, CLOSED)])
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="periods_closed"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="periods_approved"
    )
    closed_at = models.DateTimeField(null=True)
    net_minor = models.BigIntegerField(null=True)
    pool_micro = models.BigIntegerField(null=True)
    common_fund_micro = models.BigIntegerField(null=True)
    weights_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the weights the pool was split by.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["month_on", "currency"], name="one_period_per_month_and_currency"),
            models.UniqueConstraint(fields=["id", "currency"], name="period_and_currency"),
            models.CheckConstraint(condition=Q(month_on__day=1), name="period_starts_on_the_first"),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_by__isnull=False, approved_by__isnull=False),
                name="closed_period_has_two_people",
            ),
            models.CheckConstraint(condition=~Q(closed_by=F("approved_by")), name="period_approved_by_another"),
        )
        triggers = (
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="never_reopened", operation=pgtrigger.Update, condition=pgtrigger.Q(old__state="closed")
            ),
            linked_at_commit(
                pgtrigger.Update,
                "'period_' || NEW.state",
                pgtrigger.Condition("OLD.state <> NEW.state AND NEW.state IN ('closing', 'closed')"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.month_on:%Y-%m} {self.currency}"


class RevenueKind(models.TextChoices):
    """What a revenue event is about."""

    DOWNLOAD_SALE = "download_sale"
    REFUND = "refund"
    DISPUTE = "dispute"
    DATASET_DEAL = "dataset_deal"


class RevenueEvent(models.Model):
    """Money that came in, or went back, in the period that it is booked to and in that period's currency."""

    kind = models.CharField(max_length=20, choices=RevenueKind.choices)
    download = models.ForeignKey(
        Download,
        on_delete=models.PROTECT,
        null=True,
        related_name="revenue_events",
        related_query_name="revenue_event",
    )
    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="revenue_events")
    origin_period = models.ForeignKey(
        Period,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The closed period that a refund or dispute is about.",
    )
    entry = models.ForeignKey("payouts.Entry", on_delete=models.PROTECT, related_name="revenue_events")
    gross_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(gross_minor=F("fee_minor") + F("net_minor")), name="gross_is_fee_and_net"
            ),
            models.CheckConstraint(condition=Q(kind__in=RevenueKind.values), name="revenue_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind=RevenueKind.DOWNLOAD_SALE)
                | Q(download__isnull=False, fee_minor__gte=0, net_minor__gte=0),
                name="sale_has_a_download_and_is_not_negative",
            ),
            models.UniqueConstraint(
                fields=["download"], condition=Q(kind=RevenueKind.DOWNLOAD_SALE), name="each_download_is_sold_once"
            ),
        )
        triggers = append_only()


class Earning(models.Model):
    """What one contributor earned in one period, from attribution or from the common fund."""

    ATTRIBUTION, COMMON_FUND = "attribution", "common_fund"

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="earnings")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="earnings")
    kind = models.CharField(max_length=20, choices=[(k, k) for k in (ATTRIBUTION, COMMON_FUND)])
    amount_micro = models.BigIntegerField()
    entry = models.ForeignKey("payouts.Entry", on_delete=models.PROTECT, related_name="earnings")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["period", "contributor", "kind"], name="earned_once"),
            models.CheckConstraint(condition=Q(amount_micro__gt=0), name="earning_is_positive"),
        )
        triggers = append_only()
