"""A month of money: policy, revenue events, the period and its earnings."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.core.periods import Month
from marketplace.models import Contributor, Download, TrainingSet
from marketplace.triggers import append_only
from payouts.core.payout_day import LAST_DAY
from payouts.models.audit import linked_at_commit


class Policy(models.Model):
    """The rules in force from a date on. A change is a new row; what was paid under the old one stays."""

    effective_at = models.DateTimeField(unique=True)
    contributor_rate_ppm = models.PositiveIntegerField(help_text="Part of net revenue that goes to contributors.")
    fee_ppm = models.PositiveIntegerField(help_text="Card fee as part of the gross price.")
    threshold_minor = models.PositiveBigIntegerField(help_text="Less than this is carried over to the next run.")
    payout_day = models.PositiveSmallIntegerField(
        default=15, help_text="Day of the month, 1 to 28, on which payouts for the month before are due."
    )

    class Meta:
        verbose_name_plural = "policies"
        constraints = (
            models.CheckConstraint(condition=Q(payout_day__range=(1, LAST_DAY)), name="policy_payout_day_every_month"),
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
                declare=[("settled_until", "timestamptz"), ("sold_at", "timestamptz")],
                # Nothing was promised before the first one: it must share all that was sold before, since no later one
                # can. Of two first ones at once, the second waits and sees the other.
                func="""
                PERFORM pg_advisory_xact_lock(hashtextextended('policies', 0));
                SELECT greatest(max(effective_at), (
                    SELECT max(greatest(r.occurred_at, p.month_on::timestamp AT TIME ZONE 'UTC'))
                    FROM payouts_revenueevent AS r JOIN payouts_period AS p ON p.id = r.period_id
                )) INTO settled_until FROM payouts_policy HAVING count(*) > 0;
                IF NEW.effective_at <= settled_until THEN
                    RAISE EXCEPTION 'A policy changes nothing that was booked: let this one take effect after % UTC.',
                        to_char(settled_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');
                END IF;
                SELECT least((SELECT min(downloaded_at) FROM marketplace_download),
                             (SELECT min(occurred_at) FROM payouts_revenueevent)) INTO sold_at;
                IF settled_until IS NULL AND NEW.effective_at > sold_at THEN
                    RAISE EXCEPTION 'The first policy shares all that was sold before it: let it take effect by % UTC.',
                        to_char(sold_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');
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
    gross_minor = models.BigIntegerField(null=True, help_text="Of the downloads that shared the pool.")
    net_minor = models.BigIntegerField(null=True)
    pool_micro = models.BigIntegerField(null=True)
    deals_micro = models.BigIntegerField(null=True, help_text="Of the pool: from dataset deals.")
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

    @property
    def month(self) -> Month:
        """Which month it is."""
        return Month(self.month_on.year, self.month_on.month)


class RevenueKind(models.TextChoices):
    """What a revenue event is about."""

    DOWNLOAD_SALE = "download_sale"
    REFUND = "refund"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    DATASET_DEAL = "dataset_deal"


_MONEY_BACK = [RevenueKind.REFUND.value, RevenueKind.DISPUTE.value]


class RevenueEvent(models.Model):
    """Money that came in, or went back, in the period that it is booked to and in that period's currency.

    Without an origin period it is part of its period's pool; with one, that closed period's pool had it.
    """

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
    training_set = models.ForeignKey(
        TrainingSet, on_delete=models.PROTECT, null=True, help_text="What a dataset deal is about."
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
                condition=Q(kind=RevenueKind.DATASET_DEAL, download__isnull=True, training_set__isnull=False)
                | (~Q(kind=RevenueKind.DATASET_DEAL) & Q(download__isnull=False, training_set__isnull=True)),
                name="revenue_is_of_a_download_or_a_training_set",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_MONEY_BACK, gross_minor__lt=0, fee_minor__lte=0, net_minor__lte=0)
                | (~Q(kind__in=_MONEY_BACK) & Q(gross_minor__gt=0, fee_minor__gte=0, net_minor__gte=0)),
                name="revenue_has_the_sign_of_its_kind",
            ),
            models.UniqueConstraint(
                fields=["download"], condition=Q(kind=RevenueKind.DOWNLOAD_SALE), name="each_download_is_sold_once"
            ),
        )
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="no_more_back_than_was_paid",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__kind__in=[*_MONEY_BACK, RevenueKind.DISPUTE_WON.value]),
                declare=[("paid", "bigint"), ("kept", "bigint")],
                # Two refunds of one download wait for one another, so that each sees the other.
                func="""
                PERFORM pg_advisory_xact_lock(hashtextextended('money back of download ' || NEW.download_id, 0));
                SELECT coalesce(sum(gross_minor) FILTER (WHERE kind = 'download_sale'), 0),
                       coalesce(sum(gross_minor), 0)
                INTO paid, kept FROM payouts_revenueevent WHERE download_id = NEW.download_id;
                IF kept + NEW.gross_minor NOT BETWEEN 0 AND paid THEN
                    RAISE EXCEPTION 'Of download % are % of % minor units left: % cannot go back.',
                        NEW.download_id, kept, paid, -NEW.gross_minor;
                END IF;
                RETURN NEW;
                """,
            ),
        )

    @property
    def told(self) -> str:
        """The months that it is about."""
        return f"in {self.period}, about {self.origin_period}" if self.origin_period else f"in {self.period}"


class Earning(models.Model):
    """What one contributor earned in one period: by attribution, from the common fund or from dataset deals."""

    ATTRIBUTION, COMMON_FUND, DATASET_DEAL = "attribution", "common_fund", "dataset_deal"

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="earnings")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="earnings")
    kind = models.CharField(max_length=20, choices=[(k, k) for k in (ATTRIBUTION, COMMON_FUND, DATASET_DEAL)])
    amount_micro = models.BigIntegerField()
    entry = models.ForeignKey("payouts.Entry", on_delete=models.PROTECT, related_name="earnings")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["period", "contributor", "kind"], name="earned_once"),
            models.CheckConstraint(condition=Q(amount_micro__gt=0), name="earning_is_positive"),
        )
        triggers = append_only()
