"""What must never be stored, whatever it stands in: account settings, addresses, keys and tokens."""

from __future__ import annotations

from typing import Any

SECRET_KEYS = frozenset(  # never stored, wherever they turn up
    {
        "deletehash",
        "email",
        "active_emails",
        "access_token",
        "refresh_token",
        "client_secret",
        "album_privacy",  # this and the rest are account settings
        "public_images",
        "blocked_users",
        "messaging_enabled",
        "newsletter_subscribed",
        "show_mature",
    }
)


def scrubbed(value: Any) -> Any:
    """*value* without the members that are secrets or settings, however deep they stand."""
    whole = [value]
    unseen: list[Any] = [whole]  # a stack of our own: Imgur's nesting must not meet Python's limit
    while unseen:
        holder = unseen.pop()
        for place, member in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if isinstance(member, dict):
                holder[place] = {k: m for k, m in member.items() if k.lower() not in SECRET_KEYS}
            elif isinstance(member, list):
                holder[place] = list(member)
            else:
                continue
            unseen.append(holder[place])
    return whole[0]
