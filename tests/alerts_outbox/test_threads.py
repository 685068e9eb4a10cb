"""Each channel has a thread of its own, which is woken, outlives faults, and stops within a limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bot.alerts.intent import Intent
from bot.alerts.outbox import Dispatcher
from bot.ports import StoreError
from bot.store.database import utc_now
from tests.alerts_outbox.stage import Stage, intent

LIMIT_S = 10.0


class Blocking:
    """Takes a message, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.sent: list[str] = []

    def send(self, sent: Intent) -> str:
        self.asked.set()
        self.answer.wait(LIMIT_S)
        self.sent.append(sent.key)
        return f"id {sent.key}"

    def look(self, sent: Intent) -> tuple[str, ...]:
        return tuple(f"id {key}" for key in self.sent if key == sent.key)

    def withdraw(self, sent: Intent, remote_id: str) -> None:
        self.sent.remove(sent.key)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true before the limit."""
    end = time.monotonic() + LIMIT_S
    pause = threading.Event()
    while not holds() and time.monotonic() < end:
        pause.wait(0.005)
    return holds()


@pytest.fixture
def slack() -> Blocking:
    return Blocking()


@pytest.fixture
def pager() -> Blocking:
    blocking = Blocking()
    blocking.answer.set()
    return blocking


@pytest.fixture
def dispatcher(stage: Stage, slack: Blocking, pager: Blocking) -> Iterator[Dispatcher]:
    made = Dispatcher(stage.database, {"slack": slack, "pagerduty": pager}, utc_now, owner="this", metrics=stage.tally)
    yield made
    slack.answer.set()
    made.stop(LIMIT_S)


def test_a_pager_goes_off_while_slack_hangs(stage: Stage, dispatcher: Dispatcher, slack: Blocking, pager: Blocking) -> None:
    """A channel that does not answer delays no other."""
    stage.owe(intent("e1"), intent("e1", target="pagerduty", kind="trigger", key="page"))
    dispatcher.start()
    assert slack.asked.wait(LIMIT_S)
    assert eventually(lambda: stage.row("page").status == "done")
    assert slack.sent == []


def test_who_is_woken_sends_at_once(stage: Stage, dispatcher: Dispatcher, pager: Blocking) -> None:
    """What is owed while nothing else is goes out as soon as the channel is woken."""
    dispatcher.start()
    stage.owe(intent("e1", target="pagerduty", kind="trigger"))
    dispatcher.wake("pagerduty")
    assert eventually(lambda: pager.sent == ["pagerduty.e1.1"])


def test_a_store_that_fails_only_pauses(stage: Stage, dispatcher: Dispatcher, pager: Blocking) -> None:
    """The thread counts a store that is away, and goes on by itself."""
    stage.owe(intent("e1", target="pagerduty", kind="trigger"))
    stage.database.failures = 3
    dispatcher.start()
    assert eventually(lambda: len(pager.sent) == 1)
    assert stage.tally.outcomes["store failed"] == 3


def test_a_fault_of_our_own_ends_no_thread(
    stage: Stage, slack: Blocking, pager: Blocking, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw is logged, and the channel goes on."""
    left = ["after_claim"]

    def failpoint(name: str) -> None:
        if name in left:
            left.remove(name)
            raise ZeroDivisionError

    made = Dispatcher(stage.database, {"slack": slack}, utc_now, owner="this", lease_s=0.1, failpoint=failpoint)
    stage.owe(intent(key="k"))
    slack.answer.set()
    made.start()
    assert eventually(lambda: stage.row("k").status == "done")
    assert made.stop(LIMIT_S)
    assert "ZeroDivisionError" in caplog.text


def test_stopping_waits_for_the_call_in_hand(stage: Stage, dispatcher: Dispatcher, slack: Blocking) -> None:
    """What is being sent is finished and settled; what waits is left for the next process."""
    stage.owe(intent("e1", key="k"), intent("e2", key="next"))
    dispatcher.start()
    assert slack.asked.wait(LIMIT_S)
    slack.answer.set()
    assert dispatcher.stop(LIMIT_S)
    assert stage.row("k").status == "done"


def test_stopping_has_a_limit(stage: Stage, dispatcher: Dispatcher, slack: Blocking) -> None:
    """A call that hangs does not keep the process: what it does is looked up by the next."""
    stage.owe(intent(key="k"))
    dispatcher.start()
    assert slack.asked.wait(LIMIT_S)
    began = time.monotonic()
    assert not dispatcher.stop(0.05)
    assert (time.monotonic() - began < 1, stage.row("k").status) == (True, "sending")


def test_what_is_claimed_when_stopping_is_handed_back(stage: Stage) -> None:
    """A claim that has not been sent yet is free for the next process at once, with its doubt."""
    stage.owe(intent("e1", key="new"), intent("e2", key="doubtful", priority=3))
    stage.slack.sends.extend(["later 1", "lost"])
    stage.run(stage.dispatcher("first"), 2)
    left = stage.dispatcher("second")
    left.stop()
    stage.owe(intent("e3", key="fresh", priority=0))
    assert left.once("slack")
    assert stage.row("fresh").status == "new"
    stage.run(stage.dispatcher("third"), 10)
    assert sorted(stage.slack.seen()) == ["doubtful", "fresh", "new"]


def test_what_waits_is_counted(stage: Stage, dispatcher: Dispatcher, pager: Blocking) -> None:
    """The depth of each channel's queue can be seen."""
    dispatcher.start()
    assert eventually(lambda: stage.tally.waiting.keys() >= {"pagerduty", "slack"})


def test_stopping_what_never_started_is_fine(stage: Stage) -> None:
    """A process that ends while it is still loading ends."""
    assert stage.dispatcher().stop()


def test_once_tells_of_a_store_that_fails(stage: Stage) -> None:
    """Whoever drives the dispatcher by hand hears of it."""
    stage.database.failures = 1
    with pytest.raises(StoreError):
        stage.dispatcher().once("slack")
