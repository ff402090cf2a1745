"""python -m payouts.campaign SEEDS: what `manage.py fault_campaign` starts, with nothing but what it makes itself."""

import signal
import sys
from typing import Any

from payouts.campaign.parts import own_parts
from payouts.campaign.plan import seeds_of


def main(seeds: str) -> int:
    """Play seeds such as 17 or 1-200; 1 where one of them went wrong."""
    signal.signal(signal.SIGTERM, _leave)
    with own_parts() as folder:
        from payouts.campaign.seeds import play_seeds, sum_of

        verdicts = list(play_seeds(seeds_of(seeds), folder, tell))
        tell(sum_of(verdicts))
        return int(any(verdict.wrong for verdict in verdicts))


def tell(line: str) -> None:
    """Print at once, also into a file."""
    print(line, flush=True)  # noqa: T201 - it is a program


def _leave(number: int, frame: Any) -> None:
    """End as an exception, once, so that everything that was started is stopped on the way out."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
