"""The simulator behind a socket, its control plane, and the command line."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from imgur_source.simulator import Fault, Simulator, serve
from imgur_source.simulator.__main__ import main


@pytest.fixture
def sim() -> Simulator:
    """A small world."""
    return Simulator(images=120, albums=3, posts=60)


def test_serve__answers_as_in_process(sim: Simulator) -> None:
    """Over the socket comes what the callable says: body, rate headers, ETag and 304, tokens by POST."""
    with serve(sim, port=0) as base_url, httpx.Client(base_url=base_url) as client:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", base_url)
        owner = {"Authorization": f"Bearer {sim.access_token}"}
        page = client.get("/3/account/me/images/0?perPage=100", headers=owner)
        assert page.json()["data"] == sim.truth.account_images()[:100]
        assert page.headers["X-RateLimit-UserRemaining"] == "499"
        again = client.get(page.url, headers={**owner, "If-None-Match": page.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/3/account/me/images/1", headers=owner).status_code == 200
        form = {
            "grant_type": "refresh_token",
            "refresh_token": sim.refresh_token,
            "client_id": sim.client_id,
            "client_secret": sim.client_secret,
        }
        assert client.post("/oauth2/token", data=form).json()["access_token"] == sim.access_token
        assert client.delete("/3/image/x", headers=owner).status_code == 405


def test_serve__is_safe_from_many_threads(sim: Simulator) -> None:
    """Many clients at once get whole pages, and each request is charged once."""
    with serve(sim) as base_url:
        headers = {"Authorization": f"Bearer {sim.access_token}"}

        def count(page: int) -> int:
            return len(
                httpx.get(f"{base_url}/3/account/me/images/{page % 2}", headers=headers).json()["data"]
            )

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(count, range(60))) == [50] * 60
    assert sim.credits_spent == len(sim.requests) == 60


def test_serve__breaks_connections_on_demand(sim: Simulator) -> None:
    """A timeout ends the connection without an answer, a reset breaks it; the next request is well."""
    with serve(sim) as base_url, httpx.Client(base_url=base_url) as client:
        headers = {"Authorization": f"Client-ID {sim.client_id}"}
        sim.faults.add(Fault("timeout"))
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/3/tags", headers=headers)
        sim.faults.add(Fault("connection_reset"))
        with pytest.raises(httpx.ReadError):
            client.get("/3/tags", headers=headers)
        sim.faults.add(Fault("forbidden_cdn"))
        assert client.get("/3/tags", headers=headers).headers["Connection"] == "close"
        assert client.get("/3/tags", headers=headers).status_code == 200


def test_serve__refuses_other_machines(sim: Simulator) -> None:
    """Only loopback addresses are served, and a port in use is an error."""
    for host in ("0.0.0.0", "192.168.1.5", "example.org"):
        with pytest.raises(ValueError, match="loopback"), serve(sim, host=host):
            pass
    with (
        serve(sim) as base_url,
        pytest.raises(OSError, match="in use"),
        serve(sim, port=int(base_url[-5:].lstrip(":"))),
    ):
        pass


def test_serve__lets_time_pass_with_speed(sim: Simulator) -> None:
    """With a speed the world's clock runs by itself; without, it stands still."""
    began = sim.now()
    with serve(sim) as base_url:
        httpx.get(f"{base_url}/_simulator/state")
    assert sim.now() == began
    with serve(sim, speed=1e6) as base_url:
        httpx.get(f"{base_url}/_simulator/state")
    assert sim.now() > began


def test_latency__delays_answers() -> None:
    """With ``latency`` each answer takes at least so long."""
    sim = Simulator(images=3, posts=0, latency=0.05)
    with serve(sim) as base_url:
        assert httpx.get(f"{base_url}/3/credits").elapsed >= timedelta(seconds=0.05)


# control plane


def test_control__moves_time_and_tells_the_state(sim: Simulator) -> None:
    """``advance`` lets time pass, ``state`` tells of it; neither needs credentials or credits."""
    began = sim.now()
    with serve(sim) as base_url:
        state = httpx.post(f"{base_url}/_simulator/advance?hours=24&minutes=30").json()
        assert sim.now() == began + timedelta(hours=24, minutes=30)
        assert state == httpx.get(f"{base_url}/_simulator/state").json()
    assert state["now"] == "2026-11-10T03:30:00+00:00"
    assert state["username"] == "marmalade_fox"
    assert state["credits"]["UserRemaining"] == 500
    assert state["counts"]["images"] == len(sim.truth.account_images())
    assert (sim.credits_spent, sim.requests) == (0, [])


def test_control__adds_and_clears_faults(sim: Simulator) -> None:
    """A fault as JSON strikes; ``DELETE`` takes back those that wait."""
    with serve(sim) as base_url:
        faults = f"{base_url}/_simulator/faults"
        assert httpx.post(faults, json={"kind": "html_502", "times": 2}).json()["faults_waiting"] == 1
        assert httpx.get(f"{base_url}/3/tags").status_code == 502
        assert httpx.delete(faults).json()["faults_waiting"] == 0
        assert httpx.get(f"{base_url}/3/tags").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "advance", "", 400, "hours=24"),
        ("POST", "advance?hours=soon", "", 400, "soon"),
        ("POST", "advance?hours=-1", "", 400, "forwards"),
        ("POST", "faults", '{"kind": "nonsense"}', 400, "There is no fault"),
        ("POST", "faults", '{"flavour": "mint"}', 400, "flavour"),
        ("POST", "faults", "not json", 400, "Expecting value"),
        ("GET", "coffee", "", 404, "advance"),
    ],
)
def test_control__says_what_is_wrong(
    sim: Simulator, method: str, path: str, body: str, status: int, words: str
) -> None:
    """A mistake is answered with a message that helps."""
    with httpx.Client(transport=httpx.MockTransport(sim)) as client:
        response = client.request(method, f"http://127.0.0.1/_simulator/{path}", content=body)
    assert response.status_code == status
    assert words in response.json()["message"]


# command line


def test_main__serves_and_ends_with_ctrl_c() -> None:
    """The program prints what a person needs, serves it, and ends cleanly with status 0."""
    command = [
        sys.executable,
        "-m",
        "imgur_source.simulator",
        "--port",
        "0",
        "--images",
        "30",
        "--posts",
        "10",
    ]
    command += ["--now", "2026-11-09T03:00:00", "--speed", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        greeting = ""
        while "Ctrl-C" not in greeting:
            line = process.stdout.readline()
            assert line, process.communicate()
            greeting += line
        base_url = re.findall(r"A local Imgur at (\S+)", greeting)[0]
        token = re.findall(r"access token +(\S+)", greeting)[0]
        page = httpx.get(f"{base_url}/3/account/me/images/0", headers={"Authorization": f"Bearer {token}"})
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
    twin = Simulator(images=30, posts=10)
    assert page.json()["data"] == twin.truth.account_images()
    assert token == twin.access_token
    assert f"CLIENT_ID={twin.client_id} \\\n" in greeting
    assert f"REFRESH_TOKEN={twin.refresh_token} \\\n" in greeting
    assert f"python pipelines/sync.py --base-url {base_url} " in greeting
    assert (process.returncode, rest, errors) == (0, "\nThe simulator has ended.\n", "")


def test_main__refuses_what_it_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Another host and an unreadable time are errors of usage; a port in use is said so."""
    for arguments in (["--host", "0.0.0.0"], ["--now", "yesterday"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert arguments[1] in capsys.readouterr().err
    with serve(Simulator(images=1, posts=0)) as base_url:
        assert main(["--images", "1", "--posts", "0", "--port", base_url.rpartition(":")[2]]) == 1
    assert "Choose another --port" in capsys.readouterr().err


def test_main__help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` names the options with their defaults and how to play with a running one."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "/_simulator/advance?hours=24" in text
    assert re.search(r"--user-limit USER_LIMIT\s+credits an hour \(default 500\)", text)
