"""``python -m imgur_source.simulator``: a local Imgur for a person at a terminal."""

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime

from imgur_source.simulator.options import Options
from imgur_source.simulator.server import is_loopback, serve
from imgur_source.simulator.simulator import Simulator

_EPILOG = """\
examples:
  python -m imgur_source.simulator
  python -m imgur_source.simulator --port 8765 --images 500 --seed 7 --now 2026-11-09T03:00:00
  python -m imgur_source.simulator --images 60000 --user-limit 100000 --client-limit 100000

While it runs (no credentials, no credits):
  curl -X POST 'http://127.0.0.1:8765/_simulator/advance?hours=24'
  curl http://127.0.0.1:8765/_simulator/state
  curl -X POST http://127.0.0.1:8765/_simulator/faults -d '{"kind": "over_capacity_403", "times": 3}'
  curl -X DELETE http://127.0.0.1:8765/_simulator/faults
"""


def _host(text: str) -> str:
    if not is_loopback(text):
        raise argparse.ArgumentTypeError(
            f"{text} is not a loopback address; the simulator serves this machine only"
        )
    return text


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no time; write 2026-11-09T03:00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    defaults = Options()
    parser = argparse.ArgumentParser(
        prog="python -m imgur_source.simulator",
        description="A local Imgur with credits, tokens, faults and time. The same seed and the same --now "
        "give the same world, byte for byte.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", type=_host, default="127.0.0.1", help="a loopback address (default %(default)s)")
    add("--port", type=int, default=8765, help="0 takes any free one (default %(default)s)")
    add("--seed", type=int, default=defaults.seed, help="which world (default %(default)s)")
    add("--images", type=int, default=defaults.images, help="images of the account (default %(default)s)")
    add("--albums", type=int, help="albums of the account (default: one for every 12 images)")
    add("--posts", type=int, help="posts in the gallery (default: as many as images, 240 to 3000)")
    add("--comments", type=int, help="comments under them (default: 6 for each post)")
    add("--now", type=_moment, help="the world's time at the start, UTC (default: the time on the wall)")
    add(
        "--speed",
        type=float,
        default=1.0,
        help="seconds of the world per second; 0 stops it (default %(default)s)",
    )
    add("--user-limit", type=int, default=defaults.user_limit, help="credits an hour (default %(default)s)")
    add("--client-limit", type=int, default=defaults.client_limit, help="credits a day (default %(default)s)")
    add(
        "--user-reset-style",
        choices=("seconds", "epoch"),
        default="seconds",
        help="what X-RateLimit-UserReset holds; after advance?hours=24 an epoch is a day ahead of the clock "
        "on the wall (default %(default)s)",
    )
    add(
        "--per-page",
        choices=("honoured", "ignored"),
        default="honoured",
        help="perPage (default %(default)s)",
    )
    add(
        "--token-life",
        type=int,
        default=defaults.token_life,
        help="of access tokens, seconds (default %(default)s)",
    )
    add("--latency", type=float, default=0.0, help="seconds before each answer (default %(default)s)")
    return parser


def _simulator(given: argparse.Namespace) -> Simulator:
    return Simulator(
        seed=given.seed,
        images=given.images,
        albums=given.albums,
        posts=given.posts,
        comments=given.comments,
        now=given.now or datetime.now(UTC).replace(microsecond=0),
        user_limit=given.user_limit,
        client_limit=given.client_limit,
        user_reset_style=given.user_reset_style,
        per_page=given.per_page,
        token_life=given.token_life,
        latency=given.latency,
    )


def _greeting(simulator: Simulator, base_url: str) -> str:
    """Return what a person needs to run against it; each command can be pasted."""
    return f"""\
A local Imgur at {base_url}
  world time     {simulator.now():%Y-%m-%d %H:%M:%S} UTC
  username       {simulator.username}
  others         {", ".join(simulator.other_usernames)}
  client id      {simulator.client_id}
  client secret  {simulator.client_secret}
  refresh token  {simulator.refresh_token}
  access token   {simulator.access_token}

Fill a warehouse from it:
  SOURCES__IMGUR__CREDENTIALS__CLIENT_ID={simulator.client_id} \\
  SOURCES__IMGUR__CREDENTIALS__CLIENT_SECRET={simulator.client_secret} \\
  SOURCES__IMGUR__CREDENTIALS__REFRESH_TOKEN={simulator.refresh_token} \\
  python pipelines/sync.py --base-url {base_url} --data-dir data/simulated --state-dir data/simulated/state

Look at a page, let a day pass, break something:
  curl -H 'Authorization: Bearer {simulator.access_token}' {base_url}/3/account/me/images/0
  curl -X POST '{base_url}/_simulator/advance?hours=24'
  curl -X POST {base_url}/_simulator/faults -d '{{"kind": "over_capacity_403", "times": 3}}'
  curl {base_url}/_simulator/state

Ctrl-C ends it."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; return 0, or 1 when the port is taken."""
    given = _parser().parse_args(arguments)
    simulator = _simulator(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with serve(simulator, port=given.port, host=given.host, speed=given.speed) as base_url:
            print(_greeting(simulator, base_url), flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nThe simulator has ended.")
    except OSError as error:
        print(
            f"Cannot listen on {given.host}:{given.port}: {error.strerror}. Choose another --port.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
