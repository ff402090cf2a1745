"""A local server that speaks the part of Stripe's v1 API that we use, for tests, the demo and newcomers.

No money moves and nothing outside this machine is reached. A request goes through these files in this order:

- `server.py`: HTTP in and out, on 127.0.0.1 only; whatever befalls the connection itself belongs there;
- `onboarding.py`, `checkout_page.py`: the pages of Stripe's that people see;
- `control.py`: `POST /sandbox/…`, what no client of Stripe can do: move the clock, plan faults (`faults.py`), change an
  account or the balance, open and end disputes, have webhooks sent (`deliveries.py`);
- `api.py`: who asks (the key) and what for (the route); refusals before any execution belong there;
- `idempotency.py`: the same key gives the same answer;
- `due.py`: what has happened by itself since: sessions expire, pending money becomes available;
- `accounts.py`, `balance.py`, `checkout.py`, `disputes.py`, `events.py`, `refunds.py`, `reversals.py`, `transfers.py`:
  one function per endpoint. It reads its parameters and returns the execution, so that a malformed request fails before
  anything is executed or remembered;
- `state.py`: one SQLite file, its clock (`now`) and the one place where any object changes (`put`).

Not modelled: payment methods but cards, currency conversion, bank payouts, balances of connected accounts, calls on
behalf of a connected account.
"""

from payouts.sandbox.server import Sandbox, serve

__all__ = ["Sandbox", "serve"]
