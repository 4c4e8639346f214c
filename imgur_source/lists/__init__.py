"""Page-numbered lists: which ranges of one are stored, how it is scanned, and what a scan proves.

``coverage`` and ``state`` are pure; ``pages`` asks the client. What an item is, is ``records``' to know.
"""

from imgur_source.lists.pages import NumberedList, Page
from imgur_source.lists.reader import ListReader
from imgur_source.lists.scan import Scan, ScanRules
from imgur_source.lists.state import ChildFetch, ListState, SourceState

__all__ = [
    "ChildFetch",
    "ListReader",
    "ListState",
    "NumberedList",
    "Page",
    "Scan",
    "ScanRules",
    "SourceState",
]
