"""What stands between a request and its endpoint: limits, tokens, and faults that are switched on."""

from imgur_source.simulator.behaviour.faults import KINDS, Fault, Faults, Struck
from imgur_source.simulator.behaviour.limits import Limits, ResetStyle, WindowStyle
from imgur_source.simulator.behaviour.tokens import Tokens

__all__ = [
    "KINDS",
    "Fault",
    "Faults",
    "Limits",
    "ResetStyle",
    "Struck",
    "Tokens",
    "WindowStyle",
]
