"""The fault campaign: payout runs under crashes and faults, judged by what Stripe's and our books say in the end.

Everything is real but the money: forked workers, Stripe's own client over HTTP against the sandbox, PostgreSQL. It runs
on parts of its own in a temporary folder, and takes neither a key nor a database from its surroundings. A seed goes
through these files in this order:

- `plan.py`: what will befall the seed, drawn from its number alone;
- `parts.py`: a PostgreSQL of its own, and a month that is closed and ready to be paid, copied for each seed;
- `world.py`: one seed's copy, with its sandbox and the receiver of its webhooks, and their clock;
- `workers.py`: errands, each in a forked worker that may die, or stop the database, at a planned moment;
- `playing.py`: the rounds of a seed, and then the same errands without faults until everything is settled;
- `judging.py`: whether everybody has been paid exactly once and the books agree.
"""
