"""How a person writes a feed: the rows of ``streams`` say which spellings there are, this what they mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from imgur_source.errors import ConfigurationError

WINDOWS = ("day", "week", "month", "year", "all")
HAS_WINDOW = "top"  # the only section, and elsewhere the only sort, that Imgur takes a window for


@dataclass(frozen=True, slots=True)
class FeedSyntax:
    """``<prefix>/<subject>[/sort[/window]]``; without a prefix one of *sections* comes first.

    Attributes:
        prefix: what a feed of this kind starts with; empty for sections.
        subject: what follows it, in a word for messages.
        sorts: as Imgur names them.
        default_sort, default_window: what counts where a person names none.
        sections: of the gallery, and the sorts of each.
        is_query: whether the subject may itself hold a slash.
    """

    prefix: str
    subject: str
    sorts: tuple[str, ...]
    default_sort: str
    default_window: str
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_query: bool = False

    def split(self, name: str) -> tuple[str, str]:
        """*name* as its subject and what follows, split from the right: ``search/cats/top/week``."""
        if self.sections:
            subject, _, tail = name.partition("/")
            return subject, tail
        rest = name.partition("/")[2]
        parts = rest.split("/")
        for length in (2, 1):
            if len(parts) > length and parts[-length] in self.sorts:
                return "/".join(parts[:-length]), "/".join(parts[-length:])
        return (rest, "") if self.is_query else (parts[0], "/".join(parts[1:]))


@dataclass(frozen=True, slots=True)
class Feed:
    """A gallery list to sample: ``hot/viral``, ``top/top/week``, ``t/cats``, ``r/aww``, ``search/dog``.

    Attributes:
        name: as configured, without ``@N``; the value of the ``feed`` column.
        prefix: of its syntax.
        subject: the section, tag, subreddit or query.
        sort, window: as Imgur names them; the window counts only where the sort is ``top``.
        pages: how many pages to read, 1 credit each.
    """

    name: str
    prefix: str
    subject: str
    sort: str
    window: str
    pages: int

    @classmethod
    def parse(cls, text: str, *, pages: int, syntaxes: Collection[FeedSyntax]) -> Feed:
        """Read a feed as a person writes it.

        Args:
            pages: what is read where *text* does not say so itself.

        Raises:
            ConfigurationError: with what is wrong and what would be right.
        """
        name, at, count = text.strip().rpartition("@")
        if at and count.isdecimal():
            pages = int(count)
        else:
            name = text.strip()
        if pages < 1:
            raise ConfigurationError(f"Feed {text!r} has no page to read. Write @1 or more after its name.")
        head = name.partition("/")[0]
        syntax = next((one for one in syntaxes if head in one.sections or head == one.prefix != ""), None)
        if syntax is None:
            raise ConfigurationError(
                f"Feed {text!r} starts with {head!r}. It must be {_spellings(syntaxes)}."
            )
        subject, tail = syntax.split(name)
        sort, _, window = tail.partition("/")
        sorts = syntax.sections.get(head, syntax.sorts)
        sort = sort or syntax.default_sort
        if subject in ("", ".", "..") or sort not in sorts:  # dots would climb in the path
            raise ConfigurationError(
                f"Feed {text!r} cannot be read. After {head if syntax.sections else f'{head}/<name>'} "
                f"one of {', '.join(sorts)} may follow."
            )
        if window and ((subject if syntax.sections else sort) != HAS_WINDOW or window not in WINDOWS):
            raise ConfigurationError(
                f"Feed {text!r} has a window, {window!r}, that Imgur does not know there. "
                f"Only {'the top section' if syntax.sections else 'the sort top'} has one: "
                f"{', '.join(WINDOWS)}."
            )
        return cls(name, syntax.prefix, subject, sort, window or syntax.default_window, pages)


def _spellings(syntaxes: Collection[FeedSyntax]) -> str:
    """``hot, top or user, or t/<tag>, r/<subreddit>``: how a feed may start."""
    sections = [section for syntax in syntaxes for section in syntax.sections]
    others = [f"{syntax.prefix}/<{syntax.subject}>" for syntax in syntaxes if syntax.prefix]
    return f"{', '.join(sections[:-1])} or {sections[-1]}, or {', '.join(others)}"
