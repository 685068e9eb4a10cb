"""Who may do something about an alert. Denied by default, and judged by what Slack itself says of a person, never by a payload.

A payload names a user and a team, both signed by Slack; everything else about them is looked up.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from bot.ports import ChatError

log = logging.getLogger(__name__)

T = TypeVar("T")

KEPT_S: Final = 300.0  # who has left, or has lost a role, can still press for so long
MOST: Final = 2_000
GROUP: Final = re.compile(r"S[A-Z0-9]{2,30}")
PERSON: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
GONE: Final = frozenset({"user_not_found", "user_not_visible", "users_not_found"})  # codes by which Slack knows nobody of that ID
SLACKBOT: Final = "USLACKBOT"
SOMEBODY: Final = "somebody"

GUEST: Final = "Guests of this workspace may not do this. Ask a member of it, or use PagerDuty."
EXTERNAL: Final = "Only people of this workspace may do this. Ask one of them, or use PagerDuty."
BOT: Final = "Only people may do this, not apps."
DEACTIVATED: Final = "This account is deactivated, so nothing was changed."
UNKNOWN: Final = "Slack does not know who you are here, so nothing was changed. Ask a member of this workspace, or use PagerDuty."
NOT_NAMED: Final = "Only those may do this whom paybot's settings name (`[roles] responder`). Ask one of them, or use PagerDuty."
UNREACHABLE: Final = "Slack cannot say now who you are, so nothing was changed. Please try again; or use PagerDuty."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a person may; `said` is the sentence why not, `name` what people call them ("" where it is not known)."""

    allowed: bool
    said: str = ""
    name: str = ""


class Directory(Protocol):
    """What Slack says of people. Both raise ChatError, and wait with a limit."""

    def person(self, user: str) -> Mapping[str, Any]:
        """The `user` of users.info."""
        ...

    def members(self, group: str) -> tuple[str, ...]:
        """The IDs of a user group's members, of usergroups.users.list."""
        ...


class Roles:
    """Judges people. `responders` are the IDs of users and user groups that may; None: every full member may.

    `team` gives the workspace's own ID, "" while it is not known: then nobody may. `now` gives seconds that never go back.
    """

    def __init__(
        self,
        directory: Directory,
        responders: tuple[str, ...] | None,
        team: Callable[[], str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._responders = responders
        self._team = team
        self._people = Remembered(directory.person, now)
        self._groups = Remembered(directory.members, now)

    def may(self, user: str, team: str) -> Verdict:
        """Whether this user, pressing from this team, may act on alerts."""
        if not self._team():
            return Verdict(False, UNREACHABLE)
        try:
            person = self._people.of(user)
        except ChatError as error:
            return Verdict(False, UNKNOWN if error.code in GONE else UNREACHABLE)
        refused = why_not(person, user, team, self._team())
        return Verdict(not refused, refused, name_of(person)) if refused else self._named(user, name_of(person))

    def stranger(self, user: str, team: str) -> str:
        """Why this user may not even see numbers; "" for everybody of the workspace, guests too: they may run `/pay`."""
        if not self._team():
            return UNREACHABLE
        try:
            refused = why_not(self._people.of(user), user, team, self._team())
        except ChatError as error:
            return UNKNOWN if error.code in GONE else UNREACHABLE
        return "" if refused == GUEST else refused

    def name(self, user: str) -> str:
        """What people call somebody; words that are no ID are a name already."""
        if not PERSON.fullmatch(user):
            return user
        try:
            return name_of(self._people.of(user)) or SOMEBODY
        except ChatError:
            return SOMEBODY

    def _named(self, user: str, name: str) -> Verdict:
        """Whether the settings name a full member, by a group of theirs too."""
        if self._responders is None or user in self._responders:
            return Verdict(True, name=name)
        unasked = False
        for group in filter(GROUP.fullmatch, self._responders):
            try:
                if user in self._groups.of(group):
                    return Verdict(True, name=name)
            except ChatError as error:
                log.warning("the members of a user group are not known", extra={"group": group, "code": error.code})
                unasked = True
        return Verdict(False, UNREACHABLE if unasked else NOT_NAMED, name)


def why_not(person: Mapping[str, Any], user: str, team: str, own: str) -> str:
    """Why nobody like this may act, whatever the settings say; "" for a full member of the workspace `own`."""
    if person.get("id") != user or not isinstance(person.get("team_id"), str):
        return UNKNOWN
    if person.get("is_bot") or person.get("is_workflow_bot") or user == SLACKBOT:
        return BOT
    home = {person["team_id"], *_workspaces(person)}
    if person.get("is_stranger") or own not in home or team not in home:
        return EXTERNAL
    if person.get("deleted"):
        return DEACTIVATED
    if person.get("is_restricted") or person.get("is_ultra_restricted") or person.get("is_invited_user"):
        return GUEST
    return ""


def name_of(person: Mapping[str, Any]) -> str:
    """What people call somebody, "" where Slack tells no name."""
    profile = person.get("profile")
    names = (profile.get("real_name") if isinstance(profile, Mapping) else None, person.get("real_name"), person.get("name"))
    return next((name.strip()[:80] for name in names if isinstance(name, str) and name.strip()), "")


def _workspaces(person: Mapping[str, Any]) -> tuple[str, ...]:
    """The workspaces of an organisation that a person belongs to."""
    enterprise = person.get("enterprise_user")
    teams = enterprise.get("teams") if isinstance(enterprise, Mapping) else None
    return tuple(team for team in teams if isinstance(team, str)) if isinstance(teams, list) else ()


class Remembered(Generic[T]):
    """What was asked, remembered for KEPT_S; what failed is asked again. Threads may share one."""

    def __init__(self, ask: Callable[[str], T], now: Callable[[], float]) -> None:
        self._ask = ask
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[T, float]] = {}

    def of(self, key: str) -> T:
        """The answer, at most KEPT_S old."""
        with self._lock:
            known = self._known.get(key)
        if known and self._now() < known[1]:
            return known[0]
        answer = self._ask(key)
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = answer, self._now() + KEPT_S
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return answer
