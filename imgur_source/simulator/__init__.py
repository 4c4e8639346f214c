"""A local Imgur to run against, with credits, tokens, faults and time.

In process it is a callable for ``httpx.MockTransport``; ``serve`` puts it behind a socket;
``python -m imgur_source.simulator`` does so for a person. It imports nothing of the source,
so that an error in one shows against the other.
"""

from imgur_source.simulator.behaviour import KINDS, Fault
from imgur_source.simulator.options import Options
from imgur_source.simulator.server import serve
from imgur_source.simulator.simulator import SeenRequest, Simulator
from imgur_source.simulator.world import Burst

__all__ = ["KINDS", "Burst", "Fault", "Options", "SeenRequest", "Simulator", "serve"]
