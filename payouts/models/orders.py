"""Orders: a customer's press of the button, until it became a licence or ended without one."""

import pgtrigger
from django.db import models
from django.db.models import Q

from marketplace.models import Customer, Download, Generation, TermsAcceptance
from payouts.core.states import ORDER_TRANSITIONS, UNSETTLED_ORDERS, OrderState
from payouts.models.ledger import Entry

_PAID = (OrderState.PAID, OrderState.LICENSED, OrderState.REFUSED)


class Order(models.Model):
    """One licence that a customer asked for, at a price and on terms that stay as they were then.

    What Stripe is asked for is written here before it is asked, and what it answered as soon as it has answered.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="orders")
    form_key = models.UUIDField(help_text="Of the form whose button was pressed.")
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    terms = models.CharField(max_length=200, help_text="The licence of the generator model, as it was then.")
    accepted_terms = models.ForeignKey(
        TermsAcceptance,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The terms of use that the customer accepted for it; the licence is under them, whenever it is paid.",
    )
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in OrderState], default=OrderState.OPEN
    )
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Until when it can be paid.")
    stripe_session_id = models.CharField(max_length=100, blank=True)
    stripe_charge_id = models.CharField(max_length=100, blank=True)
    fee_minor = models.BigIntegerField(null=True, help_text="What Stripe kept of the price.")
    paid_at = models.DateTimeField(null=True, help_text="Stripe's time.")
    download = models.OneToOneField(Download, on_delete=models.PROTECT, null=True, related_name="order")
    refusal = models.TextField(blank=True, help_text="Why what was paid goes back.")
    stripe_refund_id = models.CharField(max_length=100, blank=True)
    available_by = models.ForeignKey(
        Entry,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The entry that says that Stripe made it available.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["customer", "generation", "form_key"], name="one_order_of_a_press"),
            models.UniqueConstraint(
                fields=["customer", "generation"],
                condition=Q(state__in=UNSETTLED_ORDERS),
                name="one_unsettled_order_of_a_thing",
            ),
            models.UniqueConstraint(
                fields=["stripe_session_id"], condition=~Q(stripe_session_id=""), name="one_order_of_a_session"
            ),
            models.UniqueConstraint(
                fields=["stripe_charge_id"], condition=~Q(stripe_charge_id=""), name="one_order_of_a_charge"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="order_costs_something"),
            models.CheckConstraint(
                condition=Q(state__in=_PAID, fee_minor__isnull=False, paid_at__isnull=False) & ~Q(stripe_charge_id="")
                | ~Q(state__in=_PAID) & Q(stripe_charge_id="", fee_minor=None, paid_at=None),
                name="paid_order_says_what_was_paid",
            ),
            models.CheckConstraint(
                condition=Q(state=OrderState.LICENSED, download__isnull=False)
                | ~Q(state=OrderState.LICENSED) & Q(download=None),
                name="licensed_order_has_its_download",
            ),
            models.CheckConstraint(
                condition=Q(state=OrderState.REFUSED) & ~Q(stripe_refund_id="") & ~Q(refusal="")
                | ~Q(state=OrderState.REFUSED) & Q(stripe_refund_id=""),
                name="refused_order_went_back",
            ),
        )
        indexes = (
            models.Index(fields=["id"], condition=Q(state__in=UNSETTLED_ORDERS), name="unsettled_orders"),
            models.Index(
                fields=["paid_at"], condition=Q(paid_at__isnull=False, available_by=None), name="orders_not_available"
            ),
        )
        triggers = (
            pgtrigger.FSM(
                name="order_only_moves_forward",
                field="state",
                transitions=[(a.value, b.value) for a, ends in ORDER_TRANSITIONS.items() for b in sorted(ends)],
            ),
            pgtrigger.Protect(
                name="offer_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    *("customer", "generation", "form_key", "price_minor", "currency"),
                    *("terms", "accepted_terms", "opened_at", "expires_at"),
                ),
            ),
            pgtrigger.Protect(
                name="what_was_paid_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.paid_at IS NOT NULL AND (OLD.stripe_session_id, OLD.stripe_charge_id, OLD.fee_minor, "
                    "OLD.paid_at) IS DISTINCT FROM (NEW.stripe_session_id, NEW.stripe_charge_id, NEW.fee_minor, "
                    "NEW.paid_at)"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"order {self.pk}"
