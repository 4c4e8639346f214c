"""The only room that speaks HTTP: requests with their login, credits and retries, and what replies mean.

Knows the envelope, tokens and the journal of paid replies; leaves records to ``records``
and what to ask for to the rooms above.
"""

from imgur_source.api.auth import (
    Authenticators,
    BearerAuth,
    authenticators,
    client_id_of,
    configured_tokens,
    credential_of,
    oauth_base_of,
    token_url_of,
)
from imgur_source.api.client import ImgurClient, api_path
from imgur_source.api.journal import Journal
from imgur_source.api.replies import Reply, read_reply
from imgur_source.api.token_store import Tokens, TokenVault, choose

__all__ = [
    "Authenticators",
    "BearerAuth",
    "ImgurClient",
    "Journal",
    "Reply",
    "TokenVault",
    "Tokens",
    "api_path",
    "authenticators",
    "choose",
    "client_id_of",
    "configured_tokens",
    "credential_of",
    "oauth_base_of",
    "read_reply",
    "token_url_of",
]
