"""App Home put together over the bot's own parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bot.alerts.episode import Episode
from bot.answer import Analyst
from bot.config import Config
from bot.people import People
from bot.slack.delivery import Delivery
from bot.slack.home import Home, publisher
from bot.slack.home_board import Board
from bot.slack.messages import Message
from bot.slack.roles import Roles
from bot.work import Pool
from commands import SECTIONS
from commands.args import Ask, Wish, parse

POOL: Final = (4, 100, 4)  # Homes made at once, waiting, and of one person
ASKED: Final = "overview"


def app_home(
    config: Config,
    delivery: Delivery,
    analyst: Analyst,
    people: People,
    roles: Roles,
    alerts: tuple[Callable[[str], Message], Callable[[], Sequence[Episode]]],
    now: Callable[[], datetime],
) -> Home:
    """The Home of this bot; `alerts` are the message of those that are open (it takes a zone), and they themselves."""
    board = Board(analyst, lambda: overview(config, now()), delivery, Pool(1, 1, 2), now)
    slack = _Slack(delivery, roles)
    return Home(slack, _Open(*alerts), board, people, Pool(*POOL), time.monotonic, (config.timezone, config.answers.theme))


def overview(config: Config, now: datetime) -> Ask:
    """The question that Home answers: `/pay overview`, the same for everybody, whatever their zone."""
    wish = parse(ASKED, now=now, zone=config.timezone, env=config.env, sections=tuple(SECTIONS), default_section=ASKED)
    if not isinstance(wish, Wish):
        raise TypeError(f"`{ASKED}` asks for words")
    return wish.ask


class _Slack:
    """Implements `bot.slack.home.Slacks`."""

    def __init__(self, delivery: Delivery, roles: Roles) -> None:
        self._publish = publisher(delivery.wire)
        self.stranger = roles.stranger
        self.zone = delivery.zone

    def publish(self, user: str, view: Mapping[str, Any]) -> None:
        self._publish(user, view)


class _Open:
    """Implements `bot.slack.home.Opens`."""

    def __init__(self, message: Callable[[str], Message], episodes: Callable[[], Sequence[Episode]]) -> None:
        self.message = message
        self._episodes = episodes

    def standing(self) -> object:
        return tuple((each.id, each.version) for each in self._episodes())
