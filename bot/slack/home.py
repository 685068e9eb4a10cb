"""App Home: published when somebody opens it, changed at their press, and anew when what is open changes.

Each publish is a whole view, so none needs the one before it: no `hash` is sent, and of two replicas the later one wins.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Protocol

from bot.people import People
from bot.ports import ChatError, StoreError
from bot.slack.heard import Opened, Press
from bot.slack.home_board import Board, Overview
from bot.slack.home_controls import REFRESH, change_of
from bot.slack.home_view import Shown, closed_view, home_view
from bot.slack.messages import Message
from bot.slack.posting import Asker
from bot.slack.promises import BUSY, TakesJobs, Tells
from bot.slack.text import escape
from bot.slack.wire import Wire
from commands.typed import BadInput

MOST: Final = 200  # people whose Home is kept up to date; who opened it longest ago is forgotten first
OPEN_S: Final = 3_600.0  # how long after it was opened, or pressed in
APART_S: Final = 10.0  # between two publishes for one person that they did not ask for themselves
LOOK_S: Final = 2.0  # between two looks at what is open, while anybody has Home open
AT_ONCE: Final = 3  # publishes after each look: Slack takes about a hundred a minute
NOTICE_S: Final = 60.0  # how long it says what came of a press
SOON_S: Final = 1.2  # how long the numbers are waited for before the rest is shown without them
LATE_S: Final = 30.0
PATIENCE_S: Final = 2.0  # how long a publish waits for its turn
JOIN_S: Final = 1.0
PICTURE_REFUSED: Final = frozenset({"invalid_arguments", "invalid_blocks", "slack_file_not_found", "file_not_found"})

LOOKING: Final = "Looking at all sections …"
WAITING: Final = "The sections' numbers are still awaited …"
NO_OVERVIEW: Final = "The overview could not be made. Its numbers are in `/pay overview`; please refresh in a minute."
NO_SETTINGS: Final = "Your settings cannot be changed now: {}. Please try again."

log = logging.getLogger(__name__)


class Slacks(Protocol):
    """What Home asks of Slack and of the alerts; every call waits with a limit."""

    def publish(self, user: str, view: Mapping[str, Any]) -> None:
        """Raises ChatError."""
        ...

    def stranger(self, user: str, team: str) -> str:
        """Why this person may not see numbers, in a sentence; "" for people of the workspace, guests too."""
        ...

    def zone(self, user: str) -> str | None:
        """Slack's own; raises ChatError."""
        ...


class Works(TakesJobs, Protocol):
    """`bot.work.Pool`."""

    def stop(self, timeout_s: float) -> bool: ...


class Opens(Protocol):
    """The alerts that are open. `message` raises BadInput, `standing` StoreError; `standing` changes with any of them."""

    def message(self, zone: str) -> Message: ...

    def standing(self) -> object: ...


@dataclass(eq=False, slots=True)
class Viewer:
    """Somebody who has opened Home: what they were shown, and what they are to be told."""

    team: str
    user: str
    opened: float
    seen: bool = False  # whether anything was published for them yet
    renewed: float | None = None  # when they were last shown what they had not asked for
    standing: object = None  # of the alerts as they were shown
    notice: str = ""
    noticed: float = 0.0
    turns: int = 0
    last: int = 0  # the turn that was published last: an older one comes too late
    lock: threading.Lock = field(default_factory=threading.Lock)


class Home:
    """Everybody's Home. `opened`, `press` and `tell` return at once; the work is done in a bounded pool."""

    def __init__(
        self,
        slack: Slacks,
        alerts: Opens,
        board: Board,
        people: People,
        pool: Works,
        seconds: Callable[[], float],
        usual: tuple[str, str],
    ) -> None:
        self._slack = slack
        self._alerts = alerts
        self._board = board
        self._people = people
        self._pool = pool
        self._seconds = seconds
        self._timezone, self._theme = usual
        self._lock = threading.Lock()
        self._viewers: dict[str, Viewer] = {}
        self._ending = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="home", daemon=True)

    def start(self) -> None:
        self._watching.start()

    def stop(self) -> None:
        """Shows nothing any more; what is open stands in Slack as it was shown last."""
        self._ending.set()
        self._pool.stop(0)
        if self._watching.is_alive():
            self._watching.join(JOIN_S)

    def opened(self, heard: Opened) -> None:
        """Shows Home: something at once to whoever has never seen it, then all there is."""
        viewer = self._viewer(heard.user, heard.team)
        viewer.notice = ""
        if not viewer.seen:
            self._submit(viewer, partial(self._greet, viewer))
        self._submit(viewer, partial(self._show, viewer))

    def press(self, heard: Press) -> None:
        """Changes a setting of the presser's own, and shows Home anew."""
        viewer = self._viewer(heard.user, heard.team)
        self._note(viewer, "")
        if not self._submit(viewer, partial(self._pressed, viewer, heard)):
            self._note(viewer, BUSY)

    def tell(self, asker: Asker, line: str) -> None:
        """Says above Home what came of a press there (mrkdwn, escaped already)."""
        viewer = self._viewer(asker.user, asker.team)
        self._note(viewer, line)
        self._submit(viewer, partial(self._show, viewer))

    def look(self) -> None:
        """Shows Home anew to those who see alerts that have changed since; the latest to open it come first."""
        now = self._seconds()
        with self._lock:
            viewers = [each for each in reversed(self._viewers.values()) if now - each.opened < OPEN_S]
        if not viewers:
            return
        try:
            standing = self._alerts.standing()
        except StoreError:  # nobody knows whether anything has changed
            return
        due = [each for each in viewers if each.standing != standing and is_past(each.renewed, APART_S, now)]
        for viewer in due[:AT_ONCE]:
            viewer.renewed = now  # also where the pool is full: it is not tried again at once
            self._submit(viewer, partial(self._show, viewer))

    def _watch(self) -> None:
        while not self._ending.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # one look's fault: the next one may see
                log.exception("Home could not be kept up to date")

    def _viewer(self, user: str, team: str) -> Viewer:
        with self._lock:
            viewer = self._viewers.pop(user, None) or Viewer(team, user, 0.0)
            viewer.opened, viewer.team = self._seconds(), team or viewer.team
            self._viewers[user] = viewer
            if len(self._viewers) > MOST:
                del self._viewers[next(iter(self._viewers))]
        return viewer

    def _submit(self, viewer: Viewer, job: Callable[[], None]) -> bool:
        accepted = self._pool.submit(viewer.user, partial(self._guarded, viewer, job))
        if not accepted:
            viewer.standing = None  # a later look shows it
            log.warning("busy: App Home was not shown")
        return accepted

    def _guarded(self, viewer: Viewer, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:  # the top of the job: anything is a bug here, logged once with its traceback
            log.exception("App Home could not be shown")
            viewer.standing = None  # a later look tries again

    def _note(self, viewer: Viewer, line: str) -> None:
        viewer.notice, viewer.noticed = line, self._seconds()

    def _greet(self, viewer: Viewer) -> None:
        shown = self._at_hand(viewer)
        self._publish(viewer, self._turn(viewer), home_view(replace(shown, said=LOOKING)))

    def _pressed(self, viewer: Viewer, heard: Press) -> None:
        try:
            if heard.action != REFRESH:
                self._people.change(viewer.team, viewer.user, change_of(heard.action, heard.value))
        except BadInput as error:
            self._note(viewer, escape(str(error)))
        except StoreError as error:
            self._note(viewer, escape(NO_SETTINGS.format(error.said)))
        self._show(viewer)

    def _show(self, viewer: Viewer) -> None:
        """All there is: the numbers as soon as they have come, the picture after them where it is not there yet."""
        turn, flight = self._turn(viewer), self._board.current()
        if why := self._slack.stranger(viewer.user, viewer.team):
            viewer.standing = self._standing()
            self._publish(viewer, turn, closed_view(why))
            return
        shown = self._own(viewer)
        if not wait((flight,), SOON_S).done:
            self._show_meanwhile(viewer, turn, shown)
            wait((flight,), LATE_S)
        if overview := flight.result() if flight.done() else None:
            self._show_numbers(viewer, turn, shown, overview)
        else:
            self._publish(viewer, turn, home_view(replace(shown, said=NO_OVERVIEW)))

    def _show_meanwhile(self, viewer: Viewer, turn: int, shown: Shown) -> None:
        """The rest, with the last numbers there were: they say themselves how old they are."""
        if not (last := self._board.last()):
            self._publish(viewer, turn, home_view(replace(shown, said=WAITING)))
            return
        old = replace(shown, answer=self._board.told(last, shown.zone), made=last.made, awaited=True)
        self._published_with(viewer, turn, old, self._board.file(last, *self._look(shown)))

    def _show_numbers(self, viewer: Viewer, turn: int, shown: Shown, overview: Overview) -> None:
        look = self._look(shown)
        full = replace(shown, answer=self._board.told(overview, shown.zone), made=overview.made)
        file = self._board.file(overview, *look)
        self._published_with(viewer, turn, full, file)
        if file is None:
            self._published_with(viewer, turn, full, self._board.drawn(overview, *look))

    def _look(self, shown: Shown) -> tuple[str, str]:
        """The zone and the theme of this reader's picture."""
        return shown.zone, (shown.mine.theme if shown.mine else "") or self._theme

    def _published_with(self, viewer: Viewer, turn: int, full: Shown, file: str | None) -> None:
        """Publishes with a picture, and without it where Slack cannot show that."""
        code = self._publish(viewer, turn, home_view(replace(full, file_id=file)))
        if file and code in PICTURE_REFUSED:
            self._publish(viewer, turn, home_view(replace(full, file_id="")))

    def _at_hand(self, viewer: Viewer) -> Shown:
        """What can be shown without asking anybody."""
        mine = self._people.known(viewer.team, viewer.user)
        return Shown(zone=(mine.zone if mine else "") or self._timezone, why="they are being looked up", theme=self._theme)

    def _own(self, viewer: Viewer) -> Shown:
        """The alerts as this person reads them, and their settings."""
        slack_zone, mine, why = self._slack_zone(viewer.user), None, ""
        try:
            mine = self._people.looked_up(viewer.team, viewer.user)
        except StoreError as error:
            why = error.said
        zone = (mine.zone if mine else "") or slack_zone
        shown = Shown(zone=zone, mine=mine, why=why, slack_zone=slack_zone, theme=self._theme, notice=self._notice(viewer))
        viewer.standing = self._standing()  # before they are read: what changes meanwhile is shown by a later look
        try:
            return replace(shown, alerts=self._alerts.message(zone))
        except BadInput as error:
            return replace(shown, alerts_said=str(error))

    def _standing(self) -> object:
        try:
            return self._alerts.standing()
        except StoreError:
            return None

    def _notice(self, viewer: Viewer) -> str:
        return viewer.notice if self._seconds() - viewer.noticed < NOTICE_S else ""

    def _slack_zone(self, user: str) -> str:
        try:
            return self._slack.zone(user) or self._timezone
        except ChatError as error:
            log.warning("the reader's time zone is not known", extra={"code": error.code})
            return self._timezone

    def _turn(self, viewer: Viewer) -> int:
        with self._lock:
            viewer.turns += 1
            return viewer.turns

    def _publish(self, viewer: Viewer, turn: int, view: Mapping[str, Any]) -> str:
        """Publishes, unless something newer was; gives Slack's code where it refused. A fault that passes is a later look's."""
        with viewer.lock:
            if turn < viewer.last:
                return ""
            viewer.last, viewer.seen = turn, True
            try:
                self._slack.publish(viewer.user, view)
            except ChatError as error:
                log.warning("App Home could not be published", extra={"code": error.code})
                if error.retriable:
                    viewer.standing = None
                return error.code
        return ""


def is_past(at: float | None, apart_s: float, now: float) -> bool:
    return at is None or now - at >= apart_s


def publisher(wire: Wire) -> Callable[[str, Mapping[str, Any]], None]:
    """How a view is published over the bot's one wire to Slack. Raises ChatError."""
    hurried = wire.hurried(PATIENCE_S)

    def publish(user: str, view: Mapping[str, Any]) -> None:
        hurried.read("views.publish", user_id=user, view=json.dumps(view))

    return publish


class Telling:
    """Tells people where they pressed: where there is no channel, above their Home. Implements `bot.slack.promises.Tells`."""

    def __init__(self, elsewhere: Tells, home: Home) -> None:
        self._elsewhere = elsewhere
        self._home = home

    def tell(self, asker: Asker, line: str, *, instead: bool = False) -> None:
        """A private line (mrkdwn, escaped already)."""
        if asker.response_url or asker.place.channel:
            self._elsewhere.tell(asker, line, instead=instead)
        else:
            self._home.tell(asker, line)
