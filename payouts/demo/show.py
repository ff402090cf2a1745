"""The summary as a page of text for a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from attribution.core.copies import Tier
from marketplace.core.money import Money, format_micro
from marketplace.core.release import Decision
from payouts.demo.summary import Summary

LINES_SHOWN = 20


def show(summary: Summary, console: Console) -> None:
    """Print the summary."""
    console.rule(f"Tributary, {summary.month}")
    for name, figure in _figures(summary):
        console.print(f"[bold]{name:<14}[/bold] {figure}")
    for incident in summary.incidents:
        console.print(f"[bold]{incident.kind:<14}[/bold] {escape(incident.sentence)} [dim]{incident.page}[/dim]")
    console.print(_earnings(summary))
    left_out = len(summary.contributors) - LINES_SHOWN
    if left_out > 0:
        console.print(f"… and {left_out} more contributors; --json writes them all.")
    console.print(" · ".join(f"{stage} {seconds:.1f} s" for stage, seconds in summary.seconds.items()), style="dim")


def _figures(summary: Summary) -> list[tuple[str, str]]:
    def money(amount_minor: int) -> str:
        return str(Money(amount_minor, summary.currency))

    def exact(amount_micro: int) -> str:
        return f"{format_micro(amount_micro)} {summary.currency}"

    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(summary.submissions.items()))
    encoder = f"{summary.encoder} (ships with Tributary for trying it out; production wants vit-b-16)"
    paid = sum(1 for line in summary.contributors if line.paid_minor)
    return [
        ("Screening", verdicts),
        ("Copies", _copies(summary)),
        ("Encoder", encoder if summary.encoder == "compact" else summary.encoder),
        (
            "Sales",
            f"{summary.downloads} downloads and a training deal, {money(summary.gross_minor)}",
        ),
        ("Net", f"{money(summary.net_minor)} after {money(summary.fee_minor)} of card fees"),
        ("Pool", f"{exact(summary.pool_micro)} for {len(summary.contributors)} contributors"),
        ("Common fund", f"{exact(summary.common_fund_micro)} of it resembled nothing in particular"),
        ("Truth", _error(summary)),
        ("Ledger", _books(summary)),
        ("Checked", "; ".join(summary.findings) or "check_ledger found nothing that is off"),
        (
            "Paid",
            f"{summary.transfers} transfers to {paid} contributors, {money(summary.transferred_minor)} together; "
            f"Stripe lists {money(summary.transferred_at_stripe_minor)}",
        ),
    ]


def _copies(summary: Summary) -> str:
    near, possible = summary.copies.get(Tier.NEAR_COPY, 0), summary.copies.get(Tier.POSSIBLE_COPY, 0)
    cleared, upheld = summary.decisions.get(Decision.CLEARED, 0), summary.decisions.get(Decision.UPHELD, 0)
    return (
        f"of {summary.generations} generated images {near} hold a proved piece of a training image and {possible} may; "
        f"a reviewer cleared {cleared}, upheld {upheld} and left {near + possible - cleared - upheld} undecided"
    )


def _error(summary: Summary) -> str:
    return (
        f"by what was really mixed, {summary.misallocated:.1%} of the pool was due to other contributors; "
        f"{summary.misattributed:.1%} of the shares went to other images"
    )


def _books(summary: Summary) -> str:
    cash = Money(summary.ledger_cash_minor, summary.currency)
    stripe = Money(summary.stripe_available_minor, summary.currency)
    verdict = "[green]balanced[/green]" if summary.is_balanced else "[red]NOT BALANCED[/red]"
    return f"{verdict}: all postings sum to {summary.ledger_sum_micro}, cash in the ledger {cash}, at Stripe {stripe}"


def _earnings(summary: Summary) -> Table:
    table = Table(title="Who earned what")
    for heading in ("Contributor", "Downloads", "Attributed", "Common fund", "Deals", "Paid", "Not paid"):
        table.add_column(heading, justify="left" if heading in {"Contributor", "Not paid"} else "right")
    for line in summary.contributors[:LINES_SHOWN]:
        table.add_row(
            line.name,
            str(line.downloads),
            format_micro(line.attributed_micro, 4),
            format_micro(line.common_fund_micro, 4),
            format_micro(line.dataset_deal_micro, 4),
            str(Money(line.paid_minor, summary.currency)) if line.paid_minor else "-",
            line.reason.replace("_", " "),
        )
    return table
