"""Text from outside, before a person sees it: one line, nothing that steers a terminal, not endless.

Whatever Imgur, dlt or a file says passes here before it becomes an error, a note or a line of a screen.
"""

from __future__ import annotations

import re

LONGEST = 300  # characters: what a person reads of somebody else's words

# control characters, what turns the direction of writing or has no width, halves of surrogate pairs
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def plain(text: object, *, longest: int = LONGEST) -> str:
    """*text* on one line of at most *longest* characters; where it is longer, it ends in an ellipsis."""
    line = " ".join(_UNSEEN.sub("", str(text)).split())
    return line if len(line) <= longest else f"{line[: longest - 2].rsplit(' ', 1)[0]} …"
