"""The command line: `paybot-sandbox`, or `python -m sandbox`."""

from __future__ import annotations

import argparse
import errno
import logging
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

from bot.stopping import stop_signal
from sandbox.clock import FASTEST

DONE, MISUSE = 0, 2
ABOUT = "A payments company that does not exist, with its Datadog, its Elasticsearch, its Slack, and the real paybot."
ENDS = "Ctrl-C ends it; exit codes: 0 done, 2 a usage error"
EXTRAS = ("starlette", "uvicorn")  # what `pip install paybot` alone does not bring


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(MISUSE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main() -> None:
    """Runs `paybot-sandbox` with the words of the command line."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Serves until it is told to stop; gives its exit code. What is wrong is told in one line on stderr."""
    options = parser().parse_args(words)
    try:
        return serve(options, stop_signal())
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        return misuse(f"{error.name} is missing: install paybot with its sandbox, pip install 'paybot[sandbox]'")
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return misuse(f"--port {options.port}: {(error.strerror or 'not available').lower()}; take another one")


def serve(options: argparse.Namespace, stopping: threading.Event) -> int:
    from sandbox.company import Company
    from sandbox.scenarios import SCENARIOS

    if options.scenario and options.scenario not in SCENARIOS:
        return misuse(f"--scenario {options.scenario}: there are {', '.join(SCENARIOS)}")
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")  # what the bot warns of, people see in the page
    company = Company(options.port, seed=options.seed, speed=options.speed, start_at=options.start, headless=options.headless)
    company.start()
    try:
        if options.scenario:
            company.world.start(options.scenario)
        print(f"ready: {company.url}", flush=True)
        company.cloud.furnish()
        stopping.wait()
    finally:
        company.stop()
    return DONE


def misuse(line: str) -> int:
    print(f"paybot-sandbox: {line}", file=sys.stderr)
    return MISUSE


def parser() -> Parser:
    top = Parser(prog="paybot-sandbox", description=ABOUT, epilog=ENDS, allow_abbrev=False)
    top.add_argument("--port", type=port, default=8080, help="of this machine, 0 for any free one (8080)")
    top.add_argument("--seed", type=int, default=7, help="another number makes another company (7)")
    top.add_argument("--scenario", default="", help="begin with this one: issuer-outage, webhook-lag, ...")
    top.add_argument("--speed", type=speed, default=1.0, help="simulated seconds per real second (1)")
    top.add_argument(
        "--start", type=moment, metavar="TIME", help="when it begins: 2026-11-22T14:00 (now; UTC where no offset is given)"
    )
    top.add_argument("--headless", action="store_true", help="no page, only the APIs")
    return top


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535")
    return int(text)


def speed(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed: more than 0, at most {FASTEST:g}")
    return number


def moment(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-22T14:00") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
