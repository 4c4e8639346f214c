"""The control plane: paths by which a person with curl, or a test, moves a simulator in another process.

They need no credentials and cost no credits.
"""

import json
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from imgur_source.simulator.behaviour import Fault, Faults, Limits
from imgur_source.simulator.endpoints import Answer, bare
from imgur_source.simulator.world import World

PREFIX = "/_simulator/"
_UNITS = ("days", "hours", "minutes", "seconds")


class Controlled(Protocol):
    """What the control plane needs of a simulator."""

    @property
    def world(self) -> World: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def credits_spent(self) -> int: ...
    @property
    def strikes(self) -> int: ...
    def now(self) -> datetime: ...
    def advance(self, duration: timedelta) -> None: ...


def answer(simulator: Controlled, request: httpx.Request) -> Answer:
    """Answer a request to the control plane: 200 with the state, or 400 or 404 with a message."""
    asked = (request.method, request.url.path.removeprefix(PREFIX))
    try:
        if asked == ("POST", "advance"):
            simulator.advance(_duration(request))
        elif asked == ("POST", "faults"):
            simulator.faults.add(Fault(**json.loads(request.read())))
        elif asked == ("DELETE", "faults"):
            simulator.faults.clear()
        elif asked != ("GET", "state"):
            known = "GET state, POST advance?hours=24, POST faults, DELETE faults"
            return bare({"message": f"The control plane knows: {known}"}, status=404)
    except (ValueError, TypeError) as error:
        return bare({"message": str(error)}, status=400)
    return bare(state(simulator))


def state(simulator: Controlled) -> dict[str, object]:
    """Return what a person playing with the simulator wants to know."""
    world = simulator.world
    shelf = world.shelf(world.owner)
    return {
        "now": simulator.now().isoformat(),
        "username": world.owner.name,
        "credits_spent": simulator.credits_spent,
        "credits": simulator.limits.record(world.now),
        "strikes": simulator.strikes,
        "faults_waiting": len(simulator.faults.waiting),
        "counts": {
            "images": len(shelf.images),
            "albums": len(shelf.albums),
            "submissions": len(shelf.submissions),
            "comments": len(shelf.comments),
            "favorites": len(shelf.favorites),
            "gallery_posts": len(world.gallery),
        },
    }


def _duration(request: httpx.Request) -> timedelta:
    given = {name: float(value) for name, value in request.url.params.items() if name in _UNITS}
    if not given:
        raise ValueError(f"Say how long, for example advance?hours=24; units are {', '.join(_UNITS)}")
    return timedelta(**given)
