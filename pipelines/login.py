"""Put ready-made Imgur tokens into the vault, once they have proved to work.

Imgur registers no applications any more, so there is no way through a browser
here: tokens come from a person or the configuration. Where they are kept and
how they are refreshed is left to ``imgur_source``.
"""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

# dlt looks for .dlt from the working directory on, unless it is told before it is imported.
os.environ.setdefault("DLT_PROJECT_DIR", str(Path(__file__).resolve().parent.parent))

import httpx

from imgur_source.api import (
    BearerAuth,
    Tokens,
    TokenVault,
    choose,
    client_id_of,
    configured_tokens,
    credential_of,
    oauth_base_of,
    read_reply,
    token_url_of,
)
from imgur_source.clock import SystemClock
from imgur_source.errors import (
    ConfigurationError,
    ImgurError,
    LoginExpiredError,
    PrivateError,
    SetupError,
    UnknownLimitError,
)
from imgur_source.settings import ImgurCredentials, Settings

DONE, FAILED, UNUSABLE = 0, 1, 2  # exit codes

Ask = Callable[[str], str]

_VARIABLES = ", ".join(
    f"SOURCES__IMGUR__CREDENTIALS__{name}"
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "ACCESS_TOKEN")
)


@dataclass(frozen=True, slots=True)
class Login:
    """Tokens that work, and where they are kept."""

    tokens: Tokens
    vault_path: Path
    is_refresh_tried: bool


def main(
    argv: Sequence[str] | None = None, *, transport: httpx.BaseTransport | None = None, ask: Ask | None = None
) -> int:
    """Take tokens, check them, keep them; return the exit code.

    Args:
        transport: takes the place of the network in tests.
        ask: prompts for a secret; None for the terminal, if there is one.
    """
    options = _options(argv)
    if options.verbose:
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("imgur_source").setLevel(logging.INFO)
    if ask is None and sys.stdin is not None and sys.stdin.isatty():
        ask = getpass.getpass
    try:
        # the same place and server as the run's, unless the command line says otherwise
        settings = Settings.configured(
            accounts=[], feeds=[], base_url=options.base_url, state_dir=options.state_dir
        )
        credentials = settings.credentials
        completed, typed = _asked(credentials, ask) if ask else (credentials, None)
        login = log_in(completed, settings, typed=typed, transport=transport)
    except SetupError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except ImgurError as error:
        print(error, file=sys.stderr)
        return FAILED
    except httpx.RequestError as error:
        print(f"Imgur could not be reached ({type(error).__name__}). Try again later.", file=sys.stderr)
        return FAILED
    except (EOFError, KeyboardInterrupt):
        print("Stopped before the tokens were checked. Nothing was kept.", file=sys.stderr)
        return FAILED
    _report(login, typed_only=_not_configured(credentials, completed))
    return DONE


def log_in(
    credentials: ImgurCredentials,
    settings: Settings,
    *,
    typed: Tokens | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Login:
    """Check tokens with Imgur, at no credit, and put them into the vault.

    Args:
        typed: tokens to take instead of the configured ones.

    Raises:
        SetupError: when there are none, or they are dead; the vault is as it was.
        ImgurError, httpx.RequestError: when the check could not be made; the vault is as it was.
    """
    client_id = client_id_of(credentials)
    configured = configured_tokens(credentials)
    offered = typed or configured
    if offered is None:
        raise ConfigurationError(
            "There are no tokens to check. Run this in a terminal, where it asks for them, "
            f"or set {_VARIABLES} (or the same under [sources.imgur.credentials] in .dlt/secrets.toml)."
        )
    vault = TokenVault(settings.state_path, client_id, clock=SystemClock())
    auth = BearerAuth(
        vault,
        client_id=client_id,
        client_secret=credential_of(credentials, "client_secret"),
        configured=offered,
        token_url=token_url_of(settings.base_url),
        clock=SystemClock(),
    )
    before = auth.tokens
    try:
        try:
            _check(auth, settings, transport=transport)
        except UnknownLimitError:
            if auth.tokens == before:  # it cannot be refreshed
                raise
            _check(auth, settings, transport=transport)  # it counts as expired now: a refresh tells
    except (ImgurError, httpx.RequestError) as error:
        # Tokens that Imgur has just made need no further proof, and are in the vault already.
        if isinstance(error, SetupError) or auth.tokens.access_token == before.access_token:
            raise
    with vault.lock():
        # another process may have been quicker
        kept = choose(configured=auth.tokens, stored=vault.load()) or auth.tokens
        # A configured token that was there all along must not win over what was typed.
        kept = replace(kept, descends_from=(configured or offered).descends_from)
        if kept != vault.load():
            vault.save(kept)
    return Login(kept, vault.path, is_refresh_tried=auth.tokens != before)


def _check(auth: BearerAuth, settings: Settings, *, transport: httpx.BaseTransport | None) -> None:
    """Ask Imgur whether the login works; *auth* refreshes it where that is needed.

    Raises:
        ImgurError: what the reply means, if not that it works.
    """
    with httpx.Client(
        transport=transport,
        timeout=settings.request_timeout_seconds,
        headers={"User-Agent": f"imgur_source/{version('imgur_source')}", "Accept": "application/json"},
        trust_env=False,
    ) as http:
        response = http.get(
            f"{oauth_base_of(settings.base_url)}/oauth2/secret",
            auth=auth,
            extensions={"imgur_endpoint": "oauth2_secret"},
        )
    if response.status_code < 300:  # the body was never recorded: only the status counts
        return
    try:
        read_reply(
            "oauth2_secret",
            status=response.status_code,
            headers=response.headers,
            body=auth.without_secrets(response.content, auth.tokens),
            received_at=SystemClock().now(),
            with_login=True,
        )
    except PrivateError as error:
        raise LoginExpiredError(error.reason) from error


def _asked(credentials: ImgurCredentials, ask: Ask) -> tuple[ImgurCredentials, Tokens | None]:
    """Ask for what is not configured and for tokens: the credentials to use, and the login that was typed."""
    client_id = credentials.client_id or ask("Client id of your Imgur application: ")
    client_secret = credentials.client_secret or ask("Client secret (Enter if you have none): ")
    otherwise = "Enter for the configured one" if configured_tokens(credentials) else "Enter if you have none"
    typed = ImgurCredentials(
        refresh_token=ask(f"Refresh token ({otherwise}): "), access_token=ask(f"Access token ({otherwise}): ")
    )
    completed = ImgurCredentials(
        client_id=client_id,
        client_secret=client_secret,
        refresh_token=credentials.refresh_token,
        access_token=credentials.access_token,
    )
    return completed, configured_tokens(typed)


def _not_configured(configured: ImgurCredentials, used: ImgurCredentials) -> list[str]:
    return [
        name
        for name in ("client_id", "client_secret")
        if getattr(used, name) and not getattr(configured, name)
    ]


def _report(login: Login, *, typed_only: list[str]) -> None:
    tokens = login.tokens
    if tokens.username:
        print(f"The login of {tokens.username} works.")
    else:
        print("The login works. Imgur says whose it is when the token is refreshed for the first time.")
    if not tokens.refresh_token:
        print("There is no refresh token: when the access token ends, run this again with a new one.")
    elif not login.is_refresh_tried:
        print("The refresh token was not tried: the access token is still good.")
    print(f"Vault: {login.vault_path}")
    if typed_only:
        print(
            f"Before the next command, put {' and '.join(typed_only)} under [sources.imgur.credentials] "
            "in .dlt/secrets.toml: the vault does not hold them."
        )
    print("Next: python pipelines/sync.py")


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="login.py",
        description="Check ready-made Imgur tokens, at no credit, and keep them for the nightly run.",
        epilog="In a terminal it asks for the tokens, without showing them. Elsewhere it takes them from "
        f"{_VARIABLES}, or from [sources.imgur.credentials] in .dlt/secrets.toml. Never from the "
        "command line: every user of this machine can read the arguments of a running program. "
        "Exit code 0: kept; 1: could not be checked; 2: dead tokens, or something is missing.",
    )
    parser.add_argument(
        "--state-dir", metavar="DIR", help="where the vault lies (default: the user's state directory)"
    )
    parser.add_argument("--base-url", metavar="URL", help="another server than Imgur's")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what is done")
    options, unknown = parser.parse_known_args(argv)
    if unknown:  # not repeated: it may be a token
        parser.error("there is no such argument; tokens are never taken from the command line, see --help")
    return options


if __name__ == "__main__":
    sys.exit(main())
