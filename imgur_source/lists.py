"""Walking a list that is numbered page by page, from page 0 to its empty page.

The end is an empty page and nothing else: short pages occur in the middle.
Guards keep a walk from going round for ever when Imgur repeats itself.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from imgur_source.client import ImgurClient
from imgur_source.replies import Reply
from imgur_source.settings import PER_PAGE_ASKED

logger = logging.getLogger(__name__)

_NEIGHBOURS = 2  # pages whose ids are remembered to tell what is new


def api_path(*segments: str | int) -> str:
    """``/3/account/me/images/0`` from its segments, each quoted."""
    return "/3/" + "/".join(quote(str(segment), safe="") for segment in segments)


@dataclass(frozen=True, slots=True)
class NumberedList:
    """A list of Imgur's.

    Attributes:
        name: ours for it, such as ``account_images/me`` or ``hot/viral``.
        endpoint: the kind of request.
        path: the path of a page, by its number.
        inside: the key under ``data`` that holds the items, where ``data`` itself is not the list.
        takes_per_page: whether ``perPage`` is worth asking for.
        as_me: whether it is asked for with the login.
        pages: how many pages are wanted; None for all.
    """

    name: str
    endpoint: str
    path: Callable[[int], str]
    params: Mapping[str, str] = field(default_factory=dict)
    inside: str | None = None
    takes_per_page: bool = False
    as_me: bool = False
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page that holds items.

    Attributes:
        number: counted from 0.
        items: the page's JSON list, as bytes.
        reply: where it came from.
    """

    number: int
    items: bytes
    reply: Reply

    @property
    def received_at(self) -> datetime:
        return self.reply.received_at


class Walk:
    """One reading of a list; iterate over it once, then ask what it covered.

    Attributes:
        pages, items: read so far.
        is_complete: whether it came to the end of the list, or of the wanted pages.
        reason: why it ended where it did.
    """

    def __init__(self, client: ImgurClient, numbered: NumberedList, *, started_at: datetime) -> None:
        self.list = numbered
        self.started_at = started_at
        self.pages = 0
        self.items = 0
        self.is_complete = False
        self.reason = "not finished"
        self._client = client

    def __iter__(self) -> Iterator[Page]:
        """The pages in order.

        Raises:
            ImgurError: when a page cannot be had; what came before stands.
        """
        params = dict(self.list.params)
        if self.list.takes_per_page:
            params["perPage"] = str(PER_PAGE_ASKED)
        seen_pages: set[bytes] = set()
        neighbours: deque[frozenset[Any]] = deque(maxlen=_NEIGHBOURS)
        number = 0
        while self.list.pages is None or number < self.list.pages:
            reply = self._client.get(
                self.list.endpoint, self.list.path(number), params=params, as_me=self.list.as_me
            )
            raws = reply.items(inside=self.list.inside)
            self.pages += 1
            if not raws:
                self.is_complete, self.reason = True, "the list ended"
                return
            ids = [_id_of(raw) for raw in raws]
            unseen = set(ids).difference(*neighbours)
            fingerprint = hashlib.blake2b(repr(ids).encode(), digest_size=16).digest()
            if fingerprint in seen_pages or (number > 0 and not unseen):
                self.reason = f"page {number} brought nothing that the pages before it had not shown"
                logger.warning("walk stopped list=%s reason=%s", self.list.name, self.reason)
                return
            seen_pages.add(fingerprint)
            neighbours.append(frozenset(ids))
            self.items += len(unseen)
            yield Page(number, _joined(raws), reply)
            number += 1
        self.is_complete = True
        self.reason = "the wanted page was read" if number == 1 else f"the wanted {number} pages were read"


class _Head(msgspec.Struct):
    id: Any = None


_HEAD = msgspec.json.Decoder(_Head)


def _id_of(raw: msgspec.Raw) -> Any:
    """The item's id; an item without one is told apart by its bytes."""
    try:
        head = _HEAD.decode(raw).id
    except msgspec.ValidationError:
        head = None
    return head if isinstance(head, str | int) else bytes(raw)


def _joined(raws: list[msgspec.Raw]) -> bytes:
    return b"[" + b",".join(bytes(raw) for raw in raws) + b"]"
