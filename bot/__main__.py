"""The command line: `paybot`, or `python -m bot`. Imports are late, so that the port opens early."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bot import manifest as manifests
from bot.config import Config, ConfigError, read
from bot.shapes import Misfit, duration_s, shown, url

if TYPE_CHECKING:
    from bot.alerts.episode import Episode
    from bot.answer import Answer
    from bot.inbox import Inbox
    from bot.slack.server import Front
    from bot.stopping import Stop

log = logging.getLogger("bot")

DONE, FINDING, MISUSE = 0, 1, 2
CATCHING_UP_S = 1.0  # for commands that came while the bot was loading, when it is stopped at once

ABOUT = "paybot answers `/pay checkout 6h` in Slack with numbers and charts of Stripe payments."
EXITS = "exit codes: 0 done, 1 a finding, 2 a usage or settings error, told in one line each with the setting's name"
SERVE = """\
The bot: Socket Mode where SLACK_APP_TOKEN is set, else HTTP on PAYBOT_BIND (0.0.0.0:3000).
Needs SLACK_BOT_TOKEN, PAYBOT_HOME_CHANNEL, and SLACK_SIGNING_SECRET or SLACK_APP_TOKEN. Settings come from the
environment, then from paybot.toml in this folder (or PAYBOT_CONFIG); secrets also from the file that <NAME>_FILE names.
SIGTERM and Ctrl-C end it within 10 s; what has begun is finished first."""
CHECK = """\
Lists every fault of the settings, of the rules and of a manifest.yml in this folder; exit 1 on any. Then what is right but
cannot work: rules whose source is not configured, routes without their pager. With --connect every source and Slack are
asked, too, all at once, and shown as a table."""
ASK = """\
The same answer as in Slack, here: the headline, each panel's number, tables, what is missing, links.
Exit 0 when anything could be answered (what could not is named), 1 when nothing could or when a picture that was asked
for could not be drawn, 2 when the question is wrong. --json prints one object: section, title, owner, env, window,
against, headline, facts, alt, series, tables, gaps, links, picture_fault, reference, took_s; later versions only add."""
RULES = "The rules by which alerts are raised: those that paybot comes with, as [rules.<name>] in paybot.toml changes them."
LIST = """\
A table: each rule's name, when it fires, for how long that must hold, its severity, where it goes, who owns it, which
source it asks, and whether it is switched on."""
TEST = """\
Runs unit tests of rules. FILE has tables [[case]] with name, rule, values and expect; values are one a minute, such as
"99x30 92x12 null none error" ("none" is a minute that was not sent); expect lists what people read, each line with its
time, such as "12:41 Checkout success rate …", and is [] for silence. Exit 1 when a case does not hold."""
BACKTEST = """\
Asks the sources for the past, judges it as a running bot does, and says when each rule would have fired, for how long, at
night or not, and which limit would have meant at most two a week. Nothing is sent."""
DRILL = """\
Sends an alert that is marked as a drill through Slack and the pagers of the rule's routes, as a real one goes, says how
long each step took, and closes it again everywhere. Nothing of it is kept. Exit 1 when a step failed."""
DIGEST = """\
Prints what a stand-up digest would say now, or with --date what that date's says as it is asked for now. With --post it is
posted in Slack, once for that date (default: today) whoever asks, by the rows that the running bot has, too; exit 1 when it is
not, as it was posted already or Slack did not take it.
A bot that runs on an SQLite file has it to itself: then open alerts are missing here, and --post is refused."""
MANIFEST = """\
Writes the manifest from which Slack makes the app: HTTP with --url, else Socket Mode. With --check nothing is written;
exit 1 when the file is not what this version writes (for --url, or for the URL that stands in it)."""


class Misuse(Exception):
    """The command cannot be done as given: one line that says why."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(MISUSE, f"{self.prog}: {message}; see {self.prog} --help\n")


class Version(argparse.Action):
    """Looks the version up when it is asked for: importing the metadata of packages takes longer than all else here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"paybot {version('paybot')}")
        parser.exit()


def main() -> None:
    """Runs `paybot` with the words of the command line."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has read enough (`paybot check | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FINDING
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """Does one command; gives its exit code. What is wrong with it is told on stderr."""
    options = parser().parse_args(words)
    try:
        return int(options.run(options))
    except ConfigError as error:
        return told(error.faults, MISUSE)
    except Misuse as error:
        return told([str(error)], MISUSE)


def told(lines: Sequence[str], code: int) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code


def parser() -> Parser:
    top = Parser(prog="paybot", description=ABOUT, epilog=EXITS, allow_abbrev=False)
    top.add_argument("--version", action=Version, nargs=0, help="print the version")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    command = partial(added, commands)
    command("serve", "the bot", SERVE, serve)
    check_ = command("check", "every fault of settings, rules and manifest", CHECK, check)
    check_.add_argument("--connect", action="store_true", help="also ask each source and Slack")
    ask_ = command("ask", "an answer without Slack", ASK, ask)
    ask_.add_argument("question", help='what you would type after /pay: "checkout 6h vs yesterday", "oncall"')
    ask_.add_argument("--png", metavar="FILE", type=Path, help="write the picture to FILE")
    ask_.add_argument("--csv", metavar="FILE", type=Path, help="write all series and tables to FILE")
    ask_.add_argument("--json", action="store_true", help="print JSON instead of text")
    rules_ = command("rules", "the rules of alerts", RULES, None).add_subparsers(metavar="COMMAND", required=True)
    added(rules_, "list", "every rule in one line", LIST, rules_list)
    test_ = added(rules_, "test", "unit tests of rules", TEST, rules_test)
    test_.add_argument("file", metavar="FILE", type=Path, help="the cases, as TOML")
    backtest_ = added(rules_, "backtest", "what a rule would have fired", BACKTEST, rules_backtest)
    backtest_.add_argument("rule", metavar="RULE", nargs="?", default="", help="default: all rules")
    backtest_.add_argument("--since", metavar="DURATION", default="30d", help="how far back: 7d, 30d (default)")
    backtest_.add_argument("--png", metavar="FILE", type=Path, help="write the picture of one rule to FILE")
    drill_ = added(rules_, "drill", "a marked drill through every channel", DRILL, rules_drill)
    drill_.add_argument("rule", metavar="RULE", help="whose owner, severity and routes the drill has")
    digest_ = command("digest", "the stand-up digest", DIGEST, digest)
    digest_.add_argument("--date", metavar="DATE", default="", help="of which day: 2026-11-23")
    digest_.add_argument("--post", action="store_true", help="post it, unless that date's is posted already")
    manifest_ = command("manifest", "the manifest of the Slack app", MANIFEST, manifest)
    manifest_.add_argument("--url", default="", help="the bot's public address: https://paybot.example.com")
    manifest_.add_argument("--out", metavar="FILE", default="manifest.yml", help="default: manifest.yml; - prints it")
    manifest_.add_argument("--check", action="store_true", help="only say whether the file is up to date")
    return top


def added(commands: Any, name: str, help_: str, about: str, run_: object) -> argparse.ArgumentParser:
    """A command among its siblings; `run_` does it and gives the exit code."""
    parser_: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=about,
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser_.set_defaults(run=run_)
    return parser_


def serve(_: argparse.Namespace) -> int:
    """Opens the port first, then loads the bot behind it; returns after a signal, when all is stopped."""
    config = read(os.environ, Path(), require_slack=True)
    from bot.inbox import Inbox
    from bot.slack.guard import Guard
    from bot.slack.server import Front, Server
    from bot.stopping import stop_signal

    stop = stop_signal()
    slack = config.slack
    inbox = Inbox()
    front = Front(Guard(slack.signing_secret, inbox) if slack and not slack.app_token else None)
    server = Server(front, *config.bind)
    try:
        server.start()
    except OSError as error:
        host, port = config.bind
        raise Misuse(f"PAYBOT_BIND: cannot listen on {host}:{port}: {error.strerror or error}") from error
    fatal = work(config, front, inbox, server.port, stop)
    server.stop()
    return told([fatal], MISUSE) if fatal else DONE


def work(config: Config, front: Front, inbox: Inbox, port: int, stop: Stop) -> str:
    """Loads the bot behind the open port and runs it until `stop`; gives why it ended by itself, "" where it was told to."""
    from bot.observe import logs

    logs(config.log_level)
    from bot.app import build

    bot = build(config)
    bot.failed = stop.hear
    bot.start(front, inbox)
    mode = "Socket Mode" if config.slack and config.slack.app_token else "HTTP"
    log.info("ready", extra={"port": port, "mode": mode, "env": config.env})
    stop.wait()
    log.info("stopping")
    front.caught_up(CATCHING_UP_S)
    bot.stop(stop.left_s())
    return bot.fatal


def check(options: argparse.Namespace) -> int:
    from bot.check import checked

    lines, good = checked(os.environ, Path(), connect=options.connect)
    print("\n".join(lines))
    return DONE if good else FINDING


def rules_list(_: argparse.Namespace) -> int:
    config = read(os.environ, Path())
    from bot.alerts.listing import HEAD, rows
    from bot.alerts.rulebook import rules
    from bot.terminal import aligned
    from charts.data import Column

    print("\n".join(aligned(tuple(rows(rules(config))), (Column(""),) * len(HEAD))))
    return DONE


def rules_test(options: argparse.Namespace) -> int:
    config = read(os.environ, Path())
    from bot.alerts.cases import BadCases
    from bot.alerts.rulebook import rules
    from bot.alerts.tools import tested
    from bot.slack.alert_buttons import Buttons
    from bot.slack.alert_message import alert_message
    from bot.slack.alert_words import note_text

    def says(episode: Episode, now: datetime) -> str:
        return alert_message(episode, now, config.timezone, how=Buttons(secret=b"no button is pressed here")).text

    try:
        lines, good = tested(options.file, rules(config), config, says, partial(note_text, zone=config.timezone))
    except BadCases as error:
        return told(error.faults, MISUSE)
    print("\n".join(lines))
    return DONE if good else FINDING


def rules_backtest(options: argparse.Namespace) -> int:
    config = read(os.environ, Path())
    try:
        since = timedelta(seconds=duration_s(options.since))
    except Misfit as error:
        raise Misuse(f"--since: {error}") from error
    from bot.alerts.rulebook import rules
    from bot.alerts.tools import backtested, chosen
    from bot.app import build, utc_now
    from bot.observe import logs

    logs("ERROR")
    found = chosen(rules(config), options.rule)
    if not found or (options.png and len(found) > 1):
        raise Misuse("--png: name one rule" if found else f"there is no rule {shown(options.rule)} that can be backtested")
    bot = build(config)
    try:
        for rule in found:
            report = backtested(rule, bot.sources, config, since, utc_now())
            print("\n".join(report.lines))
            if options.png:
                write(options.png, bot.drawn(report.picture))
    finally:
        bot.stop()
    return DONE


def rules_drill(options: argparse.Namespace) -> int:
    config = read(os.environ, Path(), require_slack=True)
    from bot.alerts.rulebook import rules
    from bot.drill import drilled
    from bot.observe import logs

    logs("ERROR")
    rule = next((each for each in rules(config) if each.name == options.rule), None)
    if rule is None:
        raise Misuse(f"there is no rule {shown(options.rule)}")
    lines, good = drilled(rule, config)
    print("\n".join(lines))
    return DONE if good else FINDING


def digest(options: argparse.Namespace) -> int:
    config = read(os.environ, Path(), require_slack=options.post)
    from bot.app import build, utc_now
    from bot.digest.command import posted, printed
    from bot.digest.plan import plan_of
    from bot.observe import logs
    from bot.ports import StoreError

    logs("ERROR")
    today = utc_now().astimezone(plan_of(config).tz).date()
    day = date_of(options.date, today) if options.date else None
    bot = build(config)
    try:
        if options.post:
            said, good = posted(config, bot.sources, day or today, utc_now)
        else:
            said, good = "\n".join(printed(config, bot.sources, day, utc_now)), True
    except StoreError as error:
        raise Misuse(f"DATABASE_URL: {error.said}") from error
    finally:
        bot.stop()
    print(said)
    return DONE if good else FINDING


def date_of(text: str, today: date) -> date:
    """A day up to today."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Misuse(f"--date: {shown(text)} is not a date like 2026-11-23") from error
    if day > today:
        raise Misuse(f"--date: {day} is still to come")
    return day


def ask(options: argparse.Namespace) -> int:
    config = read(os.environ, Path())
    from bot.app import build
    from bot.observe import logs
    from commands.args import BadInput, Wish

    logs("ERROR")
    bot = build(config)
    try:
        heard = bot.heard(options.question)
        if not isinstance(heard, Wish):
            print(bot.words(heard))
        return show(bot.answer(options.question), options) if isinstance(heard, Wish) else DONE
    except BadInput as error:
        raise Misuse(str(error)) from error
    finally:
        bot.stop()


def show(answer: Answer, options: argparse.Namespace) -> int:
    """Prints the answer and writes the files that were asked for."""
    from bot.terminal import as_json, empty, plain_text

    print(json.dumps(as_json(answer), ensure_ascii=False) if options.json else plain_text(answer))
    if options.csv:
        from bot.slack.messages import csv_text

        write(options.csv, csv_text(answer).encode())
    if options.png and answer.image:
        write(options.png, answer.image)
    if options.png and not answer.image:
        return told([f"{options.png} was not written: {answer.picture_fault or 'there is nothing to draw.'}"], FINDING)
    return FINDING if empty(answer) else DONE


def write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Misuse(f"{path}: cannot be written: {error.strerror}") from error


def manifest(options: argparse.Namespace) -> int:
    address = public_url(options.url) if options.url else ""
    if options.check:
        return fresh(Path(options.out), address)
    if options.out == "-":
        print(manifests.manifest(address), end="")
        return DONE
    write(Path(options.out), manifests.manifest(address).encode())
    print(f"wrote {options.out}: {f'HTTP at {address}' if address else 'Socket Mode'}")
    return DONE


def public_url(text: str) -> str:
    """A URL at which Slack can reach the bot: Slack speaks only https."""
    try:
        checked = url(text)
    except Misfit as error:
        raise Misuse(f"--url: {error}") from error
    if not checked.startswith("https://"):
        raise Misuse("--url: must begin with https://, for Slack speaks nothing else")
    return checked


def fresh(path: Path, address: str) -> int:
    """Whether the file is what this version writes, as an exit code."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    if text != manifests.manifest(address or manifests.url_in(text)):
        return told([f"{path}: is not what this version writes; `paybot manifest` writes it anew"], FINDING)
    print(f"{path}: up to date")
    return DONE


if __name__ == "__main__":
    main()
