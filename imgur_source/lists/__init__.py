"""Page-numbered lists: which ranges of one are stored, how it is scanned, and what a scan proves.

``coverage`` and ``state`` are pure; ``pages`` asks the client. What an item is, is ``records``' to know.
"""

from imgur_source.lists.pages import NumberedList, Page, api_path
from imgur_source.lists.reader import ListReading
from imgur_source.lists.scan import Rules, Walk
from imgur_source.lists.state import Fetched, ListMemory, Memory

__all__ = [
    "Fetched",
    "ListMemory",
    "ListReading",
    "Memory",
    "NumberedList",
    "Page",
    "Rules",
    "Walk",
    "api_path",
]
