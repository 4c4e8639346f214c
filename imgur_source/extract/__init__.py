"""One extraction: the streams there are, what is known of them, and reading them in the order of a plan.

Everything that asks what a list is reads its row in ``streams``.
"""

from imgur_source.extract.extraction import TABLE_OF, Batch, Night
from imgur_source.extract.facts import Candidates, HeldAlbum, HeldPost, Known, Look
from imgur_source.extract.plan_inputs import Purse, budget_of, plan_of
from imgur_source.extract.readers import LIST_SWEEPS
from imgur_source.extract.run_state import Receipt
from imgur_source.extract.streams import ALWAYS, ME, steps, wanted_resources, with_companions

__all__ = [
    "ALWAYS",
    "LIST_SWEEPS",
    "ME",
    "TABLE_OF",
    "Batch",
    "Candidates",
    "HeldAlbum",
    "HeldPost",
    "Known",
    "Look",
    "Night",
    "Purse",
    "Receipt",
    "budget_of",
    "plan_of",
    "steps",
    "wanted_resources",
    "with_companions",
]
