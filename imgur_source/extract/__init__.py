"""One extraction: the streams there are, what is known of them, and reading them in the order of a plan.

Everything that asks what a list is reads its row in ``streams``.
"""

from imgur_source.extract.extraction import Batch, Extraction
from imgur_source.extract.facts import MissingItem, StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.extract.plan_inputs import budget_of, plan_of
from imgur_source.extract.readers import LIST_SWEEPS
from imgur_source.extract.run_state import Receipt
from imgur_source.extract.streams import (
    ME,
    RUN_TABLES,
    Shape,
    children,
    resource_tables,
    slices,
    wanted_resources,
    with_companions,
)

__all__ = [
    "LIST_SWEEPS",
    "ME",
    "RUN_TABLES",
    "Batch",
    "Extraction",
    "MissingItem",
    "Receipt",
    "Shape",
    "StoredAlbum",
    "StoredPost",
    "WarehouseFacts",
    "budget_of",
    "children",
    "plan_of",
    "resource_tables",
    "slices",
    "wanted_resources",
    "with_companions",
]
