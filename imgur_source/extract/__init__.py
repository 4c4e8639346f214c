"""One extraction: the streams there are, what is known of them, and reading them in the order of a plan.

Everything that asks what a list is reads its row in ``streams``.
"""

from imgur_source.extract.extraction import Batch, Extraction
from imgur_source.extract.facts import MissingItem, StoredAlbum, StoredPost, WarehouseFacts
from imgur_source.extract.plan_inputs import budget_of, plan_of
from imgur_source.extract.rounds import Round, forget
from imgur_source.extract.rows import LIST_SWEEPS
from imgur_source.extract.run_report import RunReport
from imgur_source.extract.run_state import RunState
from imgur_source.extract.streams import (
    ME,
    RUN_TABLES,
    STREAMS,
    Shape,
    children,
    feeds_of,
    resource_tables,
    slices,
    wanted_resources,
    with_companions,
)

__all__ = [
    "LIST_SWEEPS",
    "ME",
    "RUN_TABLES",
    "STREAMS",
    "Batch",
    "Extraction",
    "MissingItem",
    "Round",
    "RunReport",
    "RunState",
    "Shape",
    "StoredAlbum",
    "StoredPost",
    "WarehouseFacts",
    "budget_of",
    "children",
    "feeds_of",
    "forget",
    "plan_of",
    "resource_tables",
    "slices",
    "wanted_resources",
    "with_companions",
]
