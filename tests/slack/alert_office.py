"""The desk for alerts with everything around it as lists, and presses as Slack's listeners hand them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.config import Answers, Config
from bot.slack.alert_desk import Acts, AlertDesk
from bot.slack.alert_value import value_of
from bot.slack.heard import Place, Press, Submission
from bot.slack.modal import kept_text
from bot.slack.posting import Asker
from bot.slack.promises import TakesJobs
from bot.slack.refusals import refusal
from bot.work import Job
from tests.slack.fake_chat import FakeChat

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
ID = "00112233445566aa"
SECRET = b"the key of the marks"
URL = "https://hooks.slack.com/actions/T0SHOP/1/abc"
CHANNEL, TS = "C0HOME", "1700000000.000100"


@dataclass
class DirectLane:
    """Does each job at once, in the test's own thread; full when told so."""

    full: bool = False

    def submit(self, user: str, job: Job) -> bool:
        if not self.full:
            job()
        return not self.full


@dataclass
class Told:
    """Keeps what was said to whom."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    where: list[str] = field(default_factory=list)

    def tell(self, asker: Asker, line: str, *, instead: bool = False) -> None:
        self.lines.append((asker.user, line.replace("\u00a0", " ")))
        self.where.append(asker.response_url or asker.place.channel)


@dataclass
class FakeOpens:
    """Keeps the modals that were opened; refuses with a code."""

    refuses: str = ""
    opened: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        if self.refuses:
            raise refusal(self.refuses)
        self.opened.append((trigger_id, view))


def value(choice: str = "", version: int = 1, known_as: str = ID) -> str:
    """What a button of the alert carries."""
    return value_of(SECRET, known_as, version, choice)


def press(action: str, carried: str | None = None, user: str = "U0DANA", **changed: Any) -> Press:
    """A press on the alert's own message."""
    values: dict[str, Any] = {"team": "T0SHOP", "place": Place(CHANNEL), "ts": TS, "response_url": URL, "trigger": "1.2.abc"}
    return Press(action, value() if carried is None else carried, user, **{**values, **changed})


def written(text: str, carried: str | None = None, user: str = "U0DANA", **changed: Any) -> Submission:
    """What somebody wrote into the modal that a press on the alert's own message had opened."""
    pressed = press("alert.snooze", carried, user, **changed)
    return Submission(text, kept_text(pressed, pressed.value), user, "T0SHOP")


@dataclass
class Office:
    """The desk, and what came of it."""

    acts: Acts
    lane: TakesJobs = field(default_factory=DirectLane)
    told: Told = field(default_factory=Told)
    chat: FakeChat = field(default_factory=FakeChat)
    opens: FakeOpens = field(default_factory=FakeOpens)
    runbook_url: str = ""
    now: Callable[[], datetime] = lambda: NOW

    def desk(self) -> AlertDesk:
        config = Config(answers=Answers(runbook_url=self.runbook_url))
        return AlertDesk(self.acts, SECRET, self.lane, self.told, self.chat, self.opens, self.now, config)
