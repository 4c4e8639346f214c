"""A process that reads pages until its ledger grants no more: base URL, client id and state directory as arguments."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

from imgur_source.api.auth import ClientIdAuth
from imgur_source.api.client import ImgurClient
from imgur_source.clock import SystemClock
from imgur_source.credits.ledger import CreditLedger
from imgur_source.credits.meter import CreditMeter
from imgur_source.errors import CreditsExhaustedError


def main(base_url: str, client_id: str, state_dir: str) -> None:
    """Read on command, and say how many pages there were and what ended it."""
    clock = SystemClock()
    ledger = CreditLedger.of_application(Path(state_dir), client_id=client_id, clock=clock)
    client = ImgurClient(
        base_url=base_url,
        public=ClientIdAuth(client_id),
        login=None,
        meter=CreditMeter(clock=clock, ledger=ledger),
        clock=clock,
        timeout=timedelta(seconds=30),
        user_agent="imgur_source/test",
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    read, end = 0, ""
    while not end:
        try:
            client.get("gallery", f"/3/gallery/hot/viral/{read}")
            read += 1
        except CreditsExhaustedError as exhausted:
            end = str(exhausted)
    client.close()
    json.dump({"read": read, "end": end}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
