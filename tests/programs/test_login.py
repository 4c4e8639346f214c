"""login.py: tokens in, checked, kept; and what it says when they are not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import login
import pytest
from dlt.common.runtime import run_context

from imgur_source.api.token_store import Tokens, TokenVault, fingerprint
from imgur_source.clock import SystemClock
from imgur_source.simulator import Simulator

CLIENT_ID, CLIENT_SECRET = "client-0a1b", "client-secret-77"
DEAD = {"data": {"error": "The access token provided is invalid."}, "success": False, "status": 403}
NO_REFRESH = {"data": {"error": "Refresh token doesn't exist or is invalid for the client"}, "status": 400}
TOO_BUSY = {"data": {"error": "Imgur is temporarily over capacity."}, "success": False, "status": 403}
BAD_CLIENT = {"data": {"error": "Invalid client_id"}, "success": False, "status": 403}


@dataclass
class Imgur:
    """As much of Imgur as a login needs."""

    access_token: str = "access-1"
    refresh_token: str = "refresh-1"
    secret_reply: httpx.Response | None = None
    refresh_reply: httpx.Response | None = None
    log: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.log.append(f"{request.method} {request.url.host}{request.url.path}")
        if request.url.path == "/oauth2/token":
            return self.refresh_reply or self._refresh(request)
        if request.headers["Authorization"] != f"Bearer {self.access_token}":
            return httpx.Response(403, json=DEAD)
        return self.secret_reply or httpx.Response(200, text="whatever")

    def _refresh(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if (form["refresh_token"], form["client_secret"]) != (self.refresh_token, CLIENT_SECRET):
            return httpx.Response(400, json=NO_REFRESH)
        self.access_token, self.refresh_token = self.access_token + "+", self.refresh_token + "+"
        return httpx.Response(
            200,
            json={
                "access_token": self.access_token,
                "refresh_token": self.refresh_token,
                "expires_in": 315_360_000,
                "account_id": 48215,
                "account_username": "marmalade_fox",
            },
        )


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the credentials of whoever runs it."""
    for name in [name for name in os.environ if name.startswith(("SOURCES__", "CREDENTIALS__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home-state"))
    before = run_context.active().run_dir
    project = tmp_path / "project"
    (project / ".dlt").mkdir(parents=True)
    run_context.switch_context(str(project))
    yield
    run_context.switch_context(before)


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(**values: str) -> None:
        for name, value in {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **values}.items():
            monkeypatch.setenv(f"SOURCES__IMGUR__CREDENTIALS__{name.upper()}", value)

    return put


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def vault(state_dir: Path) -> TokenVault:
    return TokenVault(state_dir, CLIENT_ID, clock=SystemClock())


def run(
    imgur: Callable[[httpx.Request], httpx.Response],
    state_dir: Path,
    *more: str,
    ask: login.Ask | None = None,
) -> int:
    return login.main(["--state-dir", str(state_dir), *more], transport=httpx.MockTransport(imgur), ask=ask)


def answering(**answers: str) -> login.Ask:
    """Somebody at a terminal who answers prompts by their first words, and presses Enter at all others."""
    by_prompt = {name.replace("_", " "): answer for name, answer in answers.items()}

    def ask(prompt: str) -> str:
        return next((answer for words, answer in by_prompt.items() if prompt.lower().startswith(words)), "")

    return ask


def test_login__keeps_a_configured_access_token_that_works(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A live access token is checked with one free request and kept, the refresh token beside it untried."""
    configure(access_token="access-1", refresh_token="refresh-1")
    imgur = Imgur()
    assert run(imgur, state_dir) == 0
    assert imgur.log == ["GET api.imgur.com/oauth2/secret"]
    assert vault.load() == Tokens("access-1", "refresh-1", descends_from=fingerprint("refresh-1"))
    said = capsys.readouterr().out
    assert "The refresh token was not tried" in said
    assert str(vault.path) in said
    assert "Next: python pipelines/sync.py" in said


def test_login__refreshes_a_refresh_token_alone(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refresh token is proved by using it; what comes back is kept, and says whose login it is."""
    configure(refresh_token="refresh-1")
    imgur = Imgur()
    assert run(imgur, state_dir) == 0
    assert imgur.log == ["POST api.imgur.com/oauth2/token", "GET api.imgur.com/oauth2/secret"]
    held = vault.load()
    assert held is not None
    assert (held.access_token, held.refresh_token, held.username) == (
        "access-1+",
        "refresh-1+",
        "marmalade_fox",
    )
    assert held.expires_at is not None
    assert held.expires_at > datetime.now(UTC)
    assert "The login of marmalade_fox works." in capsys.readouterr().out


def test_login__refreshes_a_dead_access_token(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """A dead access token with a good refresh token is a good login."""
    configure(access_token="access-0", refresh_token="refresh-1")
    assert run(Imgur(), state_dir) == 0
    held = vault.load()
    assert held is not None
    assert (held.access_token, held.refresh_token) == ("access-1+", "refresh-1+")


def test_login__says_that_an_access_token_alone_ends(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """An access token without a refresh token is kept, and its end announced."""
    configure(access_token="access-1")
    assert run(Imgur(), state_dir) == 0
    assert vault.load() == Tokens("access-1", descends_from=fingerprint("access-1"))
    assert "There is no refresh token" in capsys.readouterr().out


def test_login__asks_at_a_terminal(
    state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """With nothing configured everything is asked for, and what the vault does not hold is pointed out."""
    ask = answering(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, refresh_token=" refresh-1 ")
    assert run(Imgur(), state_dir, ask=ask) == 0
    held = vault.load()
    assert held is not None
    assert (held.refresh_token, held.descends_from) == ("refresh-1+", fingerprint("refresh-1"))
    assert "put client_id and client_secret under [sources.imgur.credentials]" in capsys.readouterr().out


def test_login__typed_tokens_win_over_configured_ones_for_good(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """The configured token that stays behind does not push the typed login out again."""
    configure(refresh_token="refresh-0", access_token="access-0")
    imgur = Imgur()
    assert run(imgur, state_dir, ask=answering(refresh_token="refresh-1")) == 0
    held = vault.load()
    assert held is not None
    assert (held.refresh_token, held.descends_from) == ("refresh-1+", fingerprint("refresh-0"))
    assert run(imgur, state_dir) == 0
    assert imgur.log[2:] == ["GET api.imgur.com/oauth2/secret"]
    assert vault.load() == held


def test_login__enter_takes_the_configured_tokens(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """At a terminal too, configured tokens need no typing."""
    configure(refresh_token="refresh-1")
    assert run(Imgur(), state_dir, ask=answering()) == 0
    held = vault.load()
    assert held is not None
    assert held.refresh_token == "refresh-1+"


def test_login__checks_the_vault_where_it_goes_on_from_the_configured_token(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """Run again after a rotation, it checks what came of the configured token, not the used-up one."""
    configure(refresh_token="refresh-1")
    imgur = Imgur()
    assert run(imgur, state_dir) == 0
    held = vault.path.read_bytes()
    assert run(imgur, state_dir) == 0
    assert imgur.log[2:] == ["GET api.imgur.com/oauth2/secret"]
    assert vault.path.read_bytes() == held


def test_login__a_refresh_proves_what_a_limit_leaves_open(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """A 429 may be a dead token in disguise; the tokens that a refresh then gives work, and are kept."""
    configure(access_token="access-1", refresh_token="refresh-1")
    imgur = Imgur(secret_reply=httpx.Response(429, json={"errors": []}))
    assert run(imgur, state_dir) == 0
    secret = "GET api.imgur.com/oauth2/secret"
    assert imgur.log == [secret, "POST api.imgur.com/oauth2/token", secret]
    held = vault.load()
    assert held is not None
    assert held.refresh_token == imgur.refresh_token


@pytest.mark.parametrize(
    ("imgur", "code", "words"),
    [
        (Imgur(access_token="other", refresh_token="other"), 2, "Refresh token doesn't exist"),
        (Imgur(access_token="other", refresh_reply=httpx.Response(403, json=BAD_CLIENT)), 2, "client_id"),
        (Imgur(access_token="other", refresh_reply=httpx.Response(503, text="<html>")), 1, "503"),
        (Imgur(access_token="other", refresh_reply=httpx.Response(429, json={"errors": []})), 1, "429"),
        (Imgur(secret_reply=httpx.Response(403, json=TOO_BUSY)), 1, "over capacity"),
        (Imgur(secret_reply=httpx.Response(500, json={"data": {"error": "Oh"}})), 1, "Oh"),
        (Imgur(secret_reply=httpx.Response(302, headers={"Location": "https://example.com"})), 1, "redirect"),
        (Imgur(secret_reply=httpx.Response(404, json={"data": {"error": "Not Found"}})), 1, "Not Found"),
        (
            Imgur(secret_reply=httpx.Response(403, json={"data": {"error": "Unauthorized"}})),
            2,
            "Unauthorized",
        ),
        (Imgur(secret_reply=httpx.Response(500, json={"oh": "access-1"})), 1, "500"),
    ],
)
def test_login__failed_check_leaves_a_working_vault(
    configure: Callable[..., None],
    state_dir: Path,
    vault: TokenVault,
    capsys: pytest.CaptureFixture[str],
    imgur: Imgur,
    code: int,
    words: str,
) -> None:
    """Dead tokens exit 2, a check that could not be made exits 1; the vault stays as it was either way."""
    vault.save(Tokens("access-7", "refresh-7", descends_from="elsewhere"))
    before = vault.path.read_bytes()
    configure(access_token="access-1", refresh_token="refresh-1")
    assert run(imgur, state_dir) == code
    assert vault.path.read_bytes() == before
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.count("\n") == 1
    for secret in ("access-1", "refresh-1", CLIENT_SECRET):
        assert secret not in said.err


def test_login__dead_access_token_alone_exits_2(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dead access token that nothing can renew is not kept."""
    configure(access_token="access-0")
    assert run(Imgur(), state_dir) == 2
    assert vault.load() is None
    assert "The access token provided is invalid" in capsys.readouterr().err


def test_login__refreshed_tokens_are_good_though_the_check_fails(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """Tokens that Imgur has just made are kept, with the right origin, even if the check then fails."""
    configure(refresh_token="refresh-0")
    imgur = Imgur(secret_reply=httpx.Response(503, text="<html>"))
    assert run(imgur, state_dir, ask=answering(refresh_token="refresh-1")) == 0
    held = vault.load()
    assert held is not None
    assert (held.refresh_token, held.descends_from) == ("refresh-1+", fingerprint("refresh-0"))


def test_login__brand_new_token_that_is_refused_exits_2(
    configure: Callable[..., None], state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A login whose new token Imgur refuses at once is not reported as working."""
    configure(refresh_token="refresh-1")
    assert run(Imgur(secret_reply=httpx.Response(403, json=DEAD)), state_dir) == 2
    assert "The access token provided is invalid" in capsys.readouterr().err


def test_login__leaves_what_a_run_has_refreshed_meanwhile(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """A nightly run that rotates the tokens during the check is not set back to the older ones."""
    configure(access_token="access-1", refresh_token="refresh-1")
    newer = Tokens("access-2", "refresh-2", descends_from=fingerprint("refresh-1"))

    def meanwhile(request: httpx.Request) -> httpx.Response:
        vault.save(newer)
        return httpx.Response(200)

    assert run(meanwhile, state_dir) == 0
    assert vault.load() == newer


def test_login__network_failure_exits_1(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network that does not answer is no reason to give up a token, nor to keep it unchecked."""

    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to access-1")

    configure(access_token="access-1")
    assert run(unreachable, state_dir) == 1
    assert vault.load() is None
    assert capsys.readouterr().err == "Imgur could not be reached (ConnectError). Try again later.\n"


@pytest.mark.parametrize("stop", [EOFError, KeyboardInterrupt])
def test_login__stopped_at_a_prompt_keeps_nothing(
    state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str], stop: type[BaseException]
) -> None:
    """Ctrl-C or Ctrl-D at a prompt ends it in one sentence."""

    def ask(prompt: str) -> str:
        raise stop

    assert run(Imgur(), state_dir, ask=ask) == 1
    assert capsys.readouterr().err == "Stopped before the tokens were checked. Nothing was kept.\n"
    assert not vault.path.exists()


def test_login__nothing_to_check_names_the_variables(
    configure: Callable[..., None], state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal and without tokens it says where they could stand."""
    configure()
    assert run(Imgur(), state_dir) == 2
    said = capsys.readouterr().err
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "ACCESS_TOKEN"):
        assert f"SOURCES__IMGUR__CREDENTIALS__{name}" in said


def test_login__without_client_id_exits_2(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing missing is named first."""
    assert run(Imgur(), state_dir) == 2
    assert "SOURCES__IMGUR__CREDENTIALS__CLIENT_ID" in capsys.readouterr().err


def test_login__broken_vault_is_left_alone(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vault that cannot be read is named, not replaced."""
    state_dir.mkdir()
    vault.path.write_text("{")
    configure(access_token="access-1")
    assert run(Imgur(), state_dir) == 2
    assert vault.path.read_text() == "{"
    assert str(vault.path) in capsys.readouterr().err


def test_login__asks_imgur_itself_behind_the_gateway(
    configure: Callable[..., None], state_dir: Path, vault: TokenVault
) -> None:
    """With a RapidAPI key the tokens are still checked by Imgur, whose gateway has no /oauth2."""
    configure(access_token="access-1", rapidapi_key="rapid-key")
    imgur = Imgur()
    assert run(imgur, state_dir) == 0
    assert imgur.log == ["GET api.imgur.com/oauth2/secret"]


def test_login__asks_the_server_it_is_told(configure: Callable[..., None], state_dir: Path) -> None:
    """``--base-url`` names the server for the check and for the refresh; an open one is refused."""
    configure(refresh_token="refresh-1")
    imgur = Imgur()
    assert run(imgur, state_dir, "--base-url", "http://127.0.0.1:8765") == 0
    assert imgur.log == ["POST 127.0.0.1/oauth2/token", "GET 127.0.0.1/oauth2/secret"]
    assert run(imgur, state_dir, "--base-url", "http://imgur.example") == 2


def test_login__keeps_where_the_configuration_says(
    configure: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without arguments server and vault are those of the nightly run."""
    configure(access_token="access-1")
    monkeypatch.setenv("SOURCES__IMGUR__STATE_DIR", str(tmp_path / "configured"))
    monkeypatch.setenv("SOURCES__IMGUR__BASE_URL", "http://localhost:8765")
    imgur = Imgur()
    assert login.main([], transport=httpx.MockTransport(imgur)) == 0
    assert imgur.log == ["GET localhost/oauth2/secret"]
    assert TokenVault(tmp_path / "configured", CLIENT_ID, clock=SystemClock()).load() is not None


def test_login__tokens_on_the_command_line_are_refused_unseen(capsys: pytest.CaptureFixture[str]) -> None:
    """A token given as an argument is not taken and not repeated, and --help says why."""
    for argv in (["--refresh-token", "refresh-1"], ["--refresh-token=refresh-1"], ["refresh-1"]):
        with pytest.raises(SystemExit) as stopped:
            login.main(argv)
        assert stopped.value.code == 2
        said = capsys.readouterr().err
        assert "never taken from the command line" in said
        assert "refresh-1" not in said
    with pytest.raises(SystemExit) as helped:
        login.main(["--help"])
    assert helped.value.code == 0
    assert "can read the arguments of a running program" in " ".join(capsys.readouterr().out.split())


def test_login__verbose_shows_no_secret(
    configure: Callable[..., None],
    state_dir: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """-v tells of the refresh and shows no token."""
    configure(access_token="access-0", refresh_token="refresh-1")
    assert run(Imgur(), state_dir, "-v") == 0
    assert "access token refreshed" in caplog.text
    said = capsys.readouterr()
    for secret in ("access-0", "access-1", "refresh-1", CLIENT_SECRET, CLIENT_ID):
        assert secret not in caplog.text + said.out + said.err


def test_login__works_with_the_simulator(
    configure: Callable[..., None], state_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tokens as the simulator prints them are checked, kept and cost no credit."""
    simulator = Simulator(images=20)
    configure(
        client_id=simulator.client_id,
        client_secret=simulator.client_secret,
        refresh_token=simulator.refresh_token,
    )
    assert run(simulator, state_dir) == 0
    assert f"The login of {simulator.username} works." in capsys.readouterr().out
    held = TokenVault(state_dir, simulator.client_id, clock=SystemClock()).load()
    assert held is not None
    assert (held.access_token, held.refresh_token) == (simulator.access_token, simulator.refresh_token)
    assert simulator.credits_spent == 0


def a_checkout(tmp_path: Path, secrets: str) -> Path:
    """A project folder with this program in it, and secrets of its own."""
    (tmp_path / "checkout" / "pipelines").mkdir(parents=True)
    (tmp_path / "checkout" / ".dlt").mkdir()
    (tmp_path / "checkout" / ".dlt" / "secrets.toml").write_text(secrets)
    copied = shutil.copy(login.__file__, tmp_path / "checkout" / "pipelines" / "login.py")
    return Path(copied)


def run_elsewhere(program: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Start *program* as cron would: another folder, no terminal, nothing in the environment."""
    (tmp_path / "elsewhere").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, str(program), "--state-dir", str(tmp_path / "state")],
        cwd=tmp_path / "elsewhere",
        env={**kept, "PYTHONPATH": str(Path(login.__file__).parent.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_program__finds_its_secrets_from_any_folder(tmp_path: Path) -> None:
    """Started from elsewhere it reads the checkout's .dlt, and misses only what is not written there."""
    program = a_checkout(
        tmp_path, '[sources.imgur.credentials]\nclient_id = "client-0a1b"\nrefresh_token = "refresh-1"\n'
    )
    done = run_elsewhere(program, tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "which takes the client secret" in done.stderr
    assert "Traceback" not in done.stderr
    assert "refresh-1" not in done.stderr


def test_program__broken_secrets_file_is_told_without_its_content(tmp_path: Path) -> None:
    """A secrets.toml with a slip of the pen is named; no line of it is repeated."""
    program = a_checkout(tmp_path, '[sources.imgur.credentials]\nrefresh_token = "refresh-1\n')
    done = run_elsewhere(program, tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("The configuration cannot be read")
    assert done.stderr.count("\n") == 1
    assert "refresh-1" not in done.stderr
