"""One application's credits: the rules of Imgur's limits, the ledger that all processes of a host share,
its status, and the meter of one run.

``rules`` and ``status`` are pure; only ``ledger_store`` opens a file. Nothing here sends a request.
"""

from imgur_source.credits.ledger import CreditLedger, credit_status_of
from imgur_source.credits.meter import FREE_ENDPOINTS, CreditMeter, Credits
from imgur_source.credits.rules import Answer, WindowName, day_floor
from imgur_source.credits.status import CreditStatus, Lease

__all__ = [
    "FREE_ENDPOINTS",
    "Answer",
    "CreditLedger",
    "CreditMeter",
    "CreditStatus",
    "Credits",
    "Lease",
    "WindowName",
    "credit_status_of",
    "day_floor",
]
