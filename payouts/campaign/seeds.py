"""Playing one seed after another, with a line for each and a sum at the end."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection

from marketplace.core.money import Money
from payouts.campaign.judging import CURRENCY, Verdict
from payouts.campaign.month import make_template
from payouts.campaign.parts import Postgres
from payouts.campaign.playing import play


def play_seeds(seeds: range, folder: Path, tell: Callable[[str], object]) -> Iterator[Verdict]:
    """Play seeds on the parts in a folder, one for each that is asked for; `tell` hears of each as soon as it ends."""
    postgres, sandbox_state = Postgres(folder), folder / "stripe.sqlite3"
    make_template(sandbox_state)
    connection.close()  # a database with a connection cannot be copied
    for seed in seeds:
        verdict = play(seed, postgres, sandbox_state)
        tell(line_of(seed, verdict))
        yield verdict


def line_of(seed: int, verdict: Verdict) -> str:
    """What is told of one seed: of a wrong one also the line that replays it."""
    faulted = sum(count for fault, count in verdict.met.items() if fault != "none")
    befell = f"{faulted} of {sum(verdict.met.values())} calls faulted, {verdict.killed} workers killed"
    if not verdict.wrong:
        return f"Seed {seed}: {verdict.transfer_count} transfers, each once; {befell}."
    reasons = "\n".join(f"  {reason}" for reason in verdict.wrong)
    twice = Money(verdict.paid_twice_minor, CURRENCY)
    return (
        f"Seed {seed} WENT WRONG, {twice} paid twice; {befell}.\n{reasons}\n"
        f"  Replay it: manage.py fault_campaign --seeds {seed}"
    )


def sum_of(verdicts: list[Verdict]) -> str:
    """What is told at the end."""
    met: Counter[str] = sum((Counter(verdict.met) for verdict in verdicts), Counter())
    faulted, calls = met.total() - met["none"], met.total()
    twice = Money(sum(verdict.paid_twice_minor for verdict in verdicts), CURRENCY)
    wrong = sum(bool(verdict.wrong) for verdict in verdicts)
    return (
        f"{wrong} of {len(verdicts)} seeds went wrong, {twice} paid twice. "
        f"{sum(verdict.transfer_count for verdict in verdicts)} transfers, {faulted} of {calls} calls faulted, "
        f"{sum(verdict.killed for verdict in verdicts)} workers killed."
    )
