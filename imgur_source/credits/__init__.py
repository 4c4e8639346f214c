"""One application's credits: the rules of Imgur's limits, the ledger that all processes of a host share,
its status, and the meter of one run.

``rules`` and ``status`` are pure; only ``ledger`` opens a file. Nothing here sends a request.
"""

from imgur_source.credits.ledger import Answer, CreditLedger, Lease, standing_of
from imgur_source.credits.meter import FREE_ENDPOINTS, CreditMeter
from imgur_source.credits.rules import Credits, day_floor
from imgur_source.credits.status import Standing, WindowStanding

__all__ = [
    "FREE_ENDPOINTS",
    "Answer",
    "CreditLedger",
    "CreditMeter",
    "Credits",
    "Lease",
    "Standing",
    "WindowStanding",
    "day_floor",
    "standing_of",
]
