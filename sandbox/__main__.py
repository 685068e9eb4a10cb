"""The command line: `paybot-sandbox`, or `python -m sandbox`."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from bot.stopping import stop_signal
from sandbox.clock import FASTEST

if TYPE_CHECKING:
    from sandbox.company import Company

DONE, MISUSE = 0, 2
ABOUT = "A payments company that does not exist, with its Datadog, its Elasticsearch, its Slack, and the real paybot."
ENDS = "Ctrl-C ends it; exit codes: 0 done, 2 a usage error"
UNTIDY = "ignore:resource_tracker:UserWarning"  # what a killed process leaves behind is tidied up without a word
REHEARSED_AFTER_S = 3.0  # a newcomer's first question comes first
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
    from sandbox.postgres import why_not
    from sandbox.scenarios import SCENARIOS

    if options.scenario and options.scenario not in SCENARIOS:
        return misuse(f"--scenario {options.scenario}: there are {', '.join(SCENARIOS)}")
    if options.replicas > 1 and (missing := why_not()):
        return misuse(f"--replicas {options.replicas}: {missing}")
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")  # what the bot warns of, people see in the page
    if options.replicas > 1:
        os.environ.setdefault("PYTHONWARNINGS", UNTIDY)
    company = Company(
        options.port,
        seed=options.seed,
        speed=options.speed,
        start_at=options.start,
        headless=options.headless or options.night,
        replicas=options.replicas,
        volume=options.volume,
    )
    company.start()
    try:
        if options.scenario:
            company.world.start(options.scenario)
        if options.night:
            spent(company, stopping)
        else:
            print(f"ready: {company.url}", flush=True)
            wait(company, options.headless, stopping)
    finally:
        company.stop()
    return DONE


def wait(company: Company, headless: bool, stopping: threading.Event) -> None:
    """Until it is to stop. Where somebody may look, the archives are read meanwhile that a stand-up asks."""
    company.cloud.furnish()
    if not headless and not stopping.wait(REHEARSED_AFTER_S):
        threading.Thread(target=company.bots.rehearse_standup, name="rehearsal", daemon=True).start()
    stopping.wait()


def spent(company: Company, stopping: threading.Event) -> None:
    """Runs the night before the next stand-up, and prints what came of it, unless it is to stop before."""
    from sandbox.report import begun, told

    night = company.nights.next()
    print("\n".join(begun(night, company.zone)), flush=True)
    company.nights.run(night, stopping)
    if not stopping.is_set():
        print("\n".join(told(company, night)), flush=True)


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
    top.add_argument("--replicas", type=int, choices=(1, 2), default=1, help="two bots share a PostgreSQL (1)")
    top.add_argument(
        "--night", action="store_true", help="no page: run the night before the next stand-up, and say what came of it"
    )
    top.add_argument("--volume", type=volume, default=1.0, metavar="FACTOR", help="times the usual sessions, up to 100 (1)")
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


def volume(text: str) -> float:
    from sandbox.world import MOST_VOLUME

    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST_VOLUME:
        raise argparse.ArgumentTypeError(f"{text!r} is not a volume: more than 0, at most {MOST_VOLUME:g}")
    return number


def moment(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-11-22T14:00") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
