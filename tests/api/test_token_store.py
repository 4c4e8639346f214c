"""The vault: what survives, who may read it, and what is refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from imgur_source.api.token_store import Tokens, TokenVault, choose, fingerprint
from imgur_source.errors import ConfigurationError, SetupError, TransientError

NOW = datetime(2026, 11, 9, 3, 0, tzinfo=UTC)


class StillClock:
    def now(self) -> datetime:
        return NOW

    def sleep(self, duration: timedelta) -> None:
        raise AssertionError("nothing here sleeps")


def some_tokens(
    access_token: str | None = "access-1",
    refresh_token: str | None = "refresh-1",
    *,
    descends_from: str | None = None,
) -> Tokens:
    return Tokens(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_at=NOW + timedelta(days=28),
        username="marmalade_fox",
        account_id=48215,
        descends_from=descends_from,
    )


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def vault(state_dir: Path) -> TokenVault:
    return TokenVault(state_dir, "client-0a1b", clock=StillClock())


def test_load__is_none_before_anything_was_saved(vault: TokenVault, state_dir: Path) -> None:
    """An empty vault holds nothing, and looking into it leaves no trace."""
    assert vault.load() is None
    assert not state_dir.exists()


def test_save__comes_back_whole_in_another_process(vault: TokenVault, state_dir: Path) -> None:
    """Everything that was saved is read back by a vault that knows only the place and the client id."""
    vault.save(some_tokens(descends_from=fingerprint("configured")))
    again = TokenVault(state_dir, "client-0a1b", clock=StillClock())
    assert again.load() == some_tokens(descends_from=fingerprint("configured"))


def test_save__is_for_its_owner_only(vault: TokenVault, state_dir: Path) -> None:
    """The file and its lock are mode 0600 in a directory made 0700, whatever the umask allows."""
    before = os.umask(0)
    try:
        with vault.lock():
            vault.save(some_tokens())
    finally:
        os.umask(before)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in state_dir.iterdir()} == {
        vault.path.name: 0o600,
        vault.path.with_suffix(".lock").name: 0o600,
    }
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700


def test_save__leaves_an_existing_directory_as_it_is(vault: TokenVault, state_dir: Path) -> None:
    """A directory that others may share keeps its mode."""
    state_dir.mkdir()
    state_dir.chmod(0o755)
    vault.save(some_tokens())
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o755


def test_path__names_the_application_by_a_hash_only(vault: TokenVault, state_dir: Path) -> None:
    """Each client id has a file of its own, and the id stands neither in its name nor in it."""
    vault.save(some_tokens())
    other = TokenVault(state_dir, "client-2c3d", clock=StillClock())
    assert vault.path.name == f"{fingerprint('client-0a1b')[:16]}.vault.json"
    assert other.path != vault.path
    assert other.load() is None
    assert "client-0a1b" not in vault.path.name + vault.path.read_text()


def test_save__keeps_the_refresh_token_it_replaces(vault: TokenVault) -> None:
    """After a rotation the one before stays in the file; saving the same again does not push it out."""
    vault.save(some_tokens("access-1", "refresh-1"))
    vault.save(some_tokens("access-2", "refresh-2"))
    vault.save(some_tokens("access-3", "refresh-2"))
    held = json.loads(vault.path.read_text())
    assert (held["refresh_token"], held["previous_refresh_token"]) == ("refresh-2", "refresh-1")


def test_save__keeps_the_refresh_token_when_the_new_login_has_none(vault: TokenVault) -> None:
    """An access token alone does not wipe out the refresh token that was held, however often it is saved."""
    vault.save(some_tokens("access-1", "refresh-1"))
    vault.save(some_tokens("access-2", None))
    vault.save(some_tokens("access-3", None))
    held = json.loads(vault.path.read_text())
    assert (held["refresh_token"], held["previous_refresh_token"]) == (None, "refresh-1")
    vault.save(some_tokens("access-4", "refresh-4"))
    held = json.loads(vault.path.read_text())
    assert (held["refresh_token"], held["previous_refresh_token"]) == ("refresh-4", "refresh-1")


def test_save__replaces_the_file_whole(vault: TokenVault, state_dir: Path) -> None:
    """A reader that has the old file open keeps reading old tokens: it is replaced, never rewritten."""
    vault.save(some_tokens("access-1"))
    with vault.path.open() as reader:
        vault.save(some_tokens("access-2"))
        assert json.loads(reader.read())["access_token"] == "access-1"
    assert vault.load() == some_tokens("access-2")
    assert [path.name for path in state_dir.iterdir()] == [vault.path.name]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version": 1, "access_token": "acc',
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"version": 2, "access_token": "a", "refresh_token": "r", "previous_refresh_token": null, '
        b'"expires_at": null, "username": null, "account_id": null, "descends_from": null, '
        b'"saved_at": "2026-11-09T03:00:00Z"}',
        b'{"version": 1, "access_token": null, "refresh_token": null, "previous_refresh_token": null, '
        b'"expires_at": null, "username": null, "account_id": null, "descends_from": null, '
        b'"saved_at": "2026-11-09T03:00:00Z"}',
        b'{"version": 1, "access_token": "a", "refresh_token": "r", "previous_refresh_token": null, '
        b'"expires_at": "2026-11-09T03:00:00", "username": null, "account_id": null, "descends_from": null, '
        b'"saved_at": "2026-11-09T03:00:00Z"}',
    ],
    ids=["empty", "cut", "list", "no fields", "bytes", "newer version", "no token", "local time"],
)
def test_broken__is_named_and_never_overwritten(vault: TokenVault, state_dir: Path, content: bytes) -> None:
    """A vault that cannot be understood stops everything, names itself and stays as it is."""
    state_dir.mkdir()
    vault.path.write_bytes(content)
    attempts: list[Callable[[], object]] = [
        vault.load,
        lambda: vault.save(some_tokens()),
        vault.check_writable,
    ]
    for attempt in attempts:
        with pytest.raises(SetupError, match=str(vault.path)):
            attempt()
    assert vault.path.read_bytes() == content


def test_unwritable__is_told_before_and_after(tmp_path: Path) -> None:
    """Where nothing can be written, the check, the lock and the save each say so and name the place."""
    (tmp_path / "file").write_text("not a folder")
    vault = TokenVault(tmp_path / "file" / "state", "client-0a1b", clock=StillClock())

    def take_lock() -> None:
        with vault.lock():
            raise AssertionError("the lock was given")

    attempts: list[Callable[[], object]] = [
        vault.check_writable,
        take_lock,
        lambda: vault.save(some_tokens()),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigurationError, match=str(tmp_path / "file" / "state")):
            attempt()


def test_check_writable__leaves_nothing_behind(vault: TokenVault, state_dir: Path) -> None:
    """The trial file is gone afterwards, and the tokens are as they were."""
    vault.save(some_tokens())
    vault.check_writable()
    assert [path.name for path in state_dir.iterdir()] == [vault.path.name]
    assert vault.load() == some_tokens()


def _hold(
    state_dir: Path, held: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event
) -> None:
    with TokenVault(state_dir, "client-0a1b", clock=StillClock()).lock():
        held.set()
        done.wait(timeout=30)


def test_lock__is_shared_by_processes_and_ends_with_its_holder(state_dir: Path) -> None:
    """While one process holds the lock another gives up in time, and gets it once the first is killed."""
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(state_dir, held, done))
    holder.start()
    impatient = TokenVault(state_dir, "client-0a1b", clock=StillClock(), patience=timedelta(0))
    try:
        assert held.wait(timeout=30)
        with pytest.raises(TransientError, match="another process"), impatient.lock():
            raise AssertionError("two hold the lock")
    finally:
        holder.kill()
        holder.join()
    with impatient.lock():
        assert impatient.load() is None


def test_lock__is_released_when_its_holder_fails(vault: TokenVault, state_dir: Path) -> None:
    """An error inside passes through, and the lock is free afterwards."""
    with pytest.raises(ZeroDivisionError), vault.lock():
        raise ZeroDivisionError
    with TokenVault(state_dir, "client-0a1b", clock=StillClock(), patience=timedelta(0)).lock():
        assert vault.load() is None


def test_choose__takes_the_vault_while_the_configuration_stands() -> None:
    """The vault's tokens come after the configured one they descend from."""
    configured = some_tokens(None, "refresh-1", descends_from=fingerprint("refresh-1"))
    vaulted = some_tokens("access-9", "refresh-9", descends_from=fingerprint("refresh-1"))
    assert choose(configured=configured, stored=vaulted) is vaulted


def test_choose__takes_a_configured_token_that_has_changed() -> None:
    """A person who configures another token means it."""
    configured = some_tokens(None, "refresh-5", descends_from=fingerprint("refresh-5"))
    vaulted = some_tokens("access-9", "refresh-9", descends_from=fingerprint("refresh-1"))
    assert choose(configured=configured, stored=vaulted) is configured


def test_choose__takes_the_vault_when_nothing_is_configured() -> None:
    """Without a configured token the vault's count, whatever they descend from."""
    vaulted = some_tokens(descends_from=fingerprint("long gone"))
    assert choose(configured=None, stored=vaulted) is vaulted
    assert choose(configured=vaulted, stored=None) is vaulted
    assert choose(configured=None, stored=None) is None


def test_repr__hides_the_secrets(vault: TokenVault) -> None:
    """Neither tokens nor vault show what they hold."""
    shown = repr(some_tokens(descends_from=fingerprint("refresh-1"))) + repr(vault)
    assert "marmalade_fox" in shown
    for secret in ("access-1", "refresh-1", "client-0a1b", fingerprint("refresh-1")):
        assert secret not in shown
