"""The tokens of one application, kept on disk for every process of the host.

Knows files, modes and the lock; what a token is good for is left to ``auth.py``.
A refresh token that is lost may never be obtainable again: Imgur has closed the
registration of applications (docs/imgur-api.md: registration). So it is written
at once, whole or not at all, and the one it replaces is kept beside it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import filelock
import msgspec

from imgur_source.clock import Clock
from imgur_source.errors import ConfigurationError, TransientError

LOCK_PATIENCE = timedelta(minutes=2)  # a holder waits for one reply, 30 s at most in each of its phases


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a login consists of; its ``repr`` shows no secret.

    Attributes:
        access_token: None when there is only a refresh token so far.
        refresh_token: None when the access token cannot be renewed.
        expires_at: when Imgur says the access token ends; None when it did not say so credibly.
        username, account_id: whose login it is; None until Imgur has said so in a token reply.
        descends_from: ``fingerprint`` of the configured token from which these were made.
    """

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    username: str | None = None
    account_id: int | None = None
    descends_from: str | None = field(default=None, repr=False)


def fingerprint(token: str) -> str:
    """The SHA-256 of *token* in hex: tells whether it changed, without holding it."""
    return hashlib.sha256(token.encode()).hexdigest()


def choose(*, configured: Tokens | None, stored: Tokens | None) -> Tokens | None:
    """Say which login counts: the configured one if it changed since the vault was filled, or the stored one.

    The stored tokens are the later ones of the same login, since refresh
    tokens may rotate; a configured token that differs from the one they
    descend from was put there by a person afterwards.
    """
    if configured is None or stored is None:
        return stored or configured
    return stored if stored.descends_from == configured.descends_from else configured


class _VaultFile(msgspec.Struct, kw_only=True):
    """The file's content; every field is written, so that a cut file is noticed."""

    version: Literal[1]
    access_token: str | None
    refresh_token: str | None
    previous_refresh_token: str | None  # for a person, should the present one turn out to be unusable
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None
    username: str | None
    account_id: int | None
    descends_from: str | None
    saved_at: Annotated[datetime, msgspec.Meta(tz=True)]


class TokenVault:
    """One file per application, readable by its owner only.

    Args:
        state_dir: where it lies; made when it is not there.
        client_id: whose tokens these are; only its hash appears in the file's name.
        patience: how long to wait for another process that holds the lock.
    """

    def __init__(
        self, state_dir: Path, client_id: str, *, clock: Clock, patience: timedelta = LOCK_PATIENCE
    ) -> None:
        self._dir = state_dir
        self._clock = clock
        self._patience = patience
        self.path = state_dir / f"{fingerprint(client_id)[:16]}.vault.json"

    def __repr__(self) -> str:
        return f"TokenVault({str(self.path)!r})"

    def load(self) -> Tokens | None:
        """The stored tokens, None when none were ever saved.

        Raises:
            ConfigurationError: when the file is there but cannot be understood.
        """
        content = self._content()
        if content is None:
            return None
        return Tokens(
            access_token=content.access_token,
            refresh_token=content.refresh_token,
            expires_at=content.expires_at,
            username=content.username,
            account_id=content.account_id,
            descends_from=content.descends_from,
        )

    def save(self, tokens: Tokens) -> None:
        """Put *tokens* in the place of the stored ones, and keep the refresh token they replace.

        To be called under ``lock``. When it returns, the tokens survive a power cut.

        Raises:
            ConfigurationError: when the place cannot be written, or holds a broken vault.
        """
        stored = self._content()
        previous = stored.refresh_token if stored else None
        if stored and previous in (None, tokens.refresh_token):
            previous = stored.previous_refresh_token
        content = _VaultFile(
            version=1,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            previous_refresh_token=previous,
            expires_at=tokens.expires_at,
            username=tokens.username,
            account_id=tokens.account_id,
            descends_from=tokens.descends_from,
            saved_at=self._clock.now(),
        )
        with self._told_if_unwritable():
            written = self._written_beside(msgspec.json.format(msgspec.json.encode(content)))
            try:
                os.replace(written, self.path)
            except BaseException:
                written.unlink()
                raise
            _sync_directory(self._dir)

    def check_writable(self) -> None:
        """Prove that ``save`` would work, before Imgur is asked for tokens that must then be kept.

        Raises:
            ConfigurationError: when the place cannot be written, or holds a broken vault.
        """
        self._content()
        with self._told_if_unwritable():
            self._written_beside(b" " * 4096).unlink()  # one block, more than a vault takes

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other thread and process from refreshing or saving meanwhile.

        Raises:
            ConfigurationError: when the place cannot be written.
            TransientError: when another has held the lock for longer than *patience*.
        """
        # A lock of its own for each holder, not bound to its thread: the generator that
        # holds it across a request may be closed by another thread than it ran in.
        lock = filelock.FileLock(self.path.with_suffix(".lock"), mode=0o600, thread_local=False)
        try:
            with self._told_if_unwritable():
                self._make_directory()
                lock.acquire(timeout=self._patience.total_seconds())
        except filelock.Timeout as error:
            raise TransientError(
                "oauth2_token", f"another process has held {lock.lock_file} for {self._patience}"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _content(self) -> _VaultFile | None:
        try:
            content = msgspec.json.decode(self.path.read_bytes(), type=_VaultFile)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._broken(error.strerror or type(error).__name__) from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._broken(str(error)) from error
        if not (content.access_token or content.refresh_token):
            raise self._broken("it holds no token")
        return content

    def _broken(self, reason: str) -> ConfigurationError:
        return ConfigurationError(
            f"The token vault {self.path} cannot be read ({reason}). "
            "Repair it, or move it away and run: python pipelines/login.py"
        )

    def _make_directory(self) -> None:
        # An existing directory keeps its mode: it may be one that others share.
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _written_beside(self, content: bytes) -> Path:
        """Write a new file, mode 0600, in the vault's directory, down to the disk."""
        self._make_directory()
        descriptor, name = tempfile.mkstemp(dir=self._dir, prefix=f".{self.path.stem}.", suffix=".new")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
        except BaseException:
            os.unlink(name)
            raise
        return Path(name)

    @contextmanager
    def _told_if_unwritable(self) -> Iterator[None]:
        try:
            yield
        except filelock.Timeout:  # an OSError too, but about another process
            raise
        except OSError as error:
            raise ConfigurationError(
                f"The tokens cannot be kept in {self._dir} ({error.strerror or type(error).__name__}). "
                "Make it a folder that this user can write to, or name another with --state-dir."
            ) from error


def _sync_directory(path: Path) -> None:
    """Make a rename in *path* survive a power cut, where the system can."""
    with suppress(OSError):  # not every file system lets a directory be synced; the file itself was
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
