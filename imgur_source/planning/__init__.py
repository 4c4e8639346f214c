"""What to read with the credits there are: prices, forecasts, and the plan made of them.

Pure: facts and a budget go in, a plan comes out. It neither reads nor waits.
"""

from imgur_source.planning.costs import Due, Fixed, PlanRules, StoredList
from imgur_source.planning.forecast import Observation, Policy
from imgur_source.planning.plan import TIER_OF, Budget, Line, LineKind, Order, Plan, Tier
from imgur_source.planning.planner import FEWEST_BACKFILL, make_plan

__all__ = [
    "FEWEST_BACKFILL",
    "TIER_OF",
    "Budget",
    "Due",
    "Fixed",
    "Line",
    "LineKind",
    "Observation",
    "Order",
    "Plan",
    "PlanRules",
    "Policy",
    "StoredList",
    "Tier",
    "make_plan",
]
