"""The API of the simulated Imgur: paths, and the records that they answer with."""

from imgur_source.simulator.endpoints import routes
from imgur_source.simulator.endpoints.accounts import public_favorites, visible_albums
from imgur_source.simulator.endpoints.context import Call, Desk, PerPage
from imgur_source.simulator.endpoints.records import Record, Shapes
from imgur_source.simulator.endpoints.responses import (
    Answer,
    bare,
    enveloped,
    failure,
    html,
    too_many_requests,
)

__all__ = [
    "Answer",
    "Call",
    "Desk",
    "PerPage",
    "Record",
    "Shapes",
    "bare",
    "enveloped",
    "failure",
    "html",
    "public_favorites",
    "routes",
    "too_many_requests",
    "visible_albums",
]
