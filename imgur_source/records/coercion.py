"""Values of Imgur's in the type of their column, where nothing is lost: PHP sends one in several types."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from imgur_source.plain_text import plain
from imgur_source.records.scrubbing import scrubbed

LONGEST_SHOWN = 100  # characters; the whole record stands beside the reason
LATEST_SECOND = 253_402_300_799  # 9999-12-31, the last that a TIMESTAMPTZ and Python both know
_INTEGER_LIMIT = 2**63
_WHOLE = re.compile(r"\s*[-+]?[0-9]+\s*")
_TRUTH = {"1": True, "true": True, "0": False, "false": False}


class UnreadableRecordError(ValueError):
    """A record, or one value of it, that cannot be turned into its column's type without loss."""


def as_integer(value: Any) -> int | None:
    """A whole number from what Imgur sends for one: a number, its text, false for none.

    Raises:
        UnreadableRecordError: when it is none, has a fraction, or does not fit 64 bits.
    """
    if value is None or value is False or value == "":
        return None if value is not False else 0
    is_whole = _WHOLE.fullmatch(value) if isinstance(value, str) else isinstance(value, int | float)
    try:
        number = int(value) if is_whole else None
    except (OverflowError, ValueError):  # an infinite one, or a text of more than 4,300 digits
        number = None
    if number is None or (isinstance(value, float) and number != value):
        raise UnreadableRecordError(f"{_shown(value)} is not a whole number")
    if not -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
        raise UnreadableRecordError(f"{_shown(value)} does not fit 64 bits")
    return number


def as_boolean(value: Any) -> bool | None:
    """A truth value from true, 1, "1" and their opposites; an empty text is none.

    Raises:
        UnreadableRecordError: when it is something else.
    """
    if value is None or isinstance(value, bool):
        return value
    if value == "":
        return None
    known = _TRUTH.get(str(value).lower()) if isinstance(value, int | str) else None
    if known is None:
        raise UnreadableRecordError(f"{_shown(value)} is not a truth value")
    return known


def as_seconds(value: Any) -> int | None:
    """Seconds since the epoch; 0, false and less are none.

    Raises:
        UnreadableRecordError: when it is no number or a time that cannot be.
    """
    number = as_integer(value)
    if number is None or number <= 0:
        return None
    if value is True or number > LATEST_SECOND:
        raise UnreadableRecordError(f"{_shown(value)} is not a time in seconds")
    return number


def _shown(value: Any) -> str:
    """*value* as a reason names it; the whole record stands beside the reason."""
    return plain(msgspec.json.encode(scrubbed(value)).decode(), longest=LONGEST_SHOWN)
