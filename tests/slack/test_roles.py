"""Who may act on alerts: judged by what Slack says, denied where it does not say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.config import Slack
from bot.ports import ChatError
from bot.slack.directory import SlackDirectory
from bot.slack.refusals import refusal
from bot.slack.roles import (
    BOT,
    DEACTIVATED,
    EXTERNAL,
    GUEST,
    KEPT_S,
    NOT_NAMED,
    UNKNOWN,
    UNREACHABLE,
    Roles,
)
from bot.slack.wire import Wire, ignore
from tests.slack.fake_slack import FakeSlack, Reply, error, fake_slack

TEAM = "T0SHOP"
GROUP = "S0ONCALL"


def person(user: str = "U0DANA", **changed: Any) -> dict[str, Any]:
    """A full member, as users.info tells of one."""
    flags = dict.fromkeys(("deleted", "is_bot", "is_restricted", "is_ultra_restricted"), False)
    return {"id": user, "team_id": TEAM, "name": "dana", "profile": {"real_name": "Dana Weber"}, **flags, **changed}


@dataclass
class FakeDirectory:
    """Knows some people and groups, refuses with a code, and counts what it was asked."""

    people: dict[str, Mapping[str, Any]] = field(default_factory=lambda: {"U0DANA": person()})
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refuses: str = ""
    refuses_groups: str = ""
    asked: list[str] = field(default_factory=list)

    def person(self, user: str) -> Mapping[str, Any]:
        self.asked.append(user)
        if self.refuses:
            raise refusal(self.refuses)
        if user not in self.people:
            raise refusal("user_not_found")
        return self.people[user]

    def members(self, group: str) -> tuple[str, ...]:
        self.asked.append(group)
        if self.refuses_groups:
            raise refusal(self.refuses_groups)
        return self.groups.get(group, ())


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def roles(directory: FakeDirectory, *responders: str, team: str = TEAM, clock: Clock | None = None) -> Roles:
    """The roles of settings that name these; of settings that say nothing where there are none."""
    return Roles(directory, responders or None, lambda: team, clock or Clock())


def test_a_full_member_may_where_the_settings_name_nobody() -> None:
    """And is called by their name."""
    verdict = roles(FakeDirectory()).may("U0DANA", TEAM)
    assert (verdict.allowed, verdict.said, verdict.name) == (True, "", "Dana Weber")


def test_where_the_settings_name_an_empty_list_nobody_may() -> None:
    """It is not the same as saying nothing."""
    assert Roles(FakeDirectory(), (), lambda: TEAM, Clock()).may("U0DANA", TEAM).said == NOT_NAMED


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"is_restricted": True}, GUEST),
        ({"is_ultra_restricted": True}, GUEST),
        ({"is_invited_user": True}, GUEST),
        ({"is_stranger": True}, EXTERNAL),
        ({"team_id": "T0OTHER"}, EXTERNAL),
        ({"is_bot": True}, BOT),
        ({"is_workflow_bot": True}, BOT),
        ({"deleted": True}, DEACTIVATED),
        ({"id": "U0BEN"}, UNKNOWN),
        ({"team_id": None}, UNKNOWN),
    ],
)
def test_these_may_never(changed: dict[str, Any], said: str) -> None:
    """Not even where the settings name them."""
    directory = FakeDirectory({"U0DANA": person(**changed)})
    for judged in (roles(directory), roles(directory, "U0DANA")):
        verdict = judged.may("U0DANA", TEAM)
        assert (verdict.allowed, verdict.said) == (False, said)


def test_slackbot_may_not() -> None:
    """Slack does not call it a bot."""
    assert roles(FakeDirectory({"USLACKBOT": person("USLACKBOT")})).may("USLACKBOT", TEAM).said == BOT


def test_who_presses_from_another_workspace_is_external() -> None:
    """A shared channel's other side sees the buttons, too."""
    assert roles(FakeDirectory()).may("U0DANA", "T0OTHER").said == EXTERNAL


def test_an_organisation_s_member_of_this_workspace_may() -> None:
    """Whose home is another workspace of it; a member of none of ours is external."""
    both: dict[str, Any] = {"team_id": "T0OTHER", "enterprise_user": {"teams": ["T0OTHER", TEAM]}}
    assert roles(FakeDirectory({"U0DANA": person(**both)})).may("U0DANA", TEAM).allowed
    assert roles(FakeDirectory({"U0DANA": person(**both)})).may("U0DANA", "T0OTHER").allowed
    assert roles(FakeDirectory({"U0DANA": person(**both)}), team="T0THIRD").may("U0DANA", TEAM).said == EXTERNAL


def test_named_people_and_members_of_named_groups_may() -> None:
    """Everybody else reads who may."""
    people: dict[str, Mapping[str, Any]] = {user: person(user) for user in ("U0DANA", "U0BEN", "U0CARA")}
    judged = roles(FakeDirectory(people, {GROUP: ("U0BEN",)}), "U0DANA", GROUP)
    assert [judged.may(user, TEAM).allowed for user in people] == [True, True, False]
    assert judged.may("U0CARA", TEAM).said == NOT_NAMED


def test_who_cannot_be_looked_up_may_not() -> None:
    """Slack's answers are the only ones that count; what to do instead is said."""
    assert roles(FakeDirectory()).may("U0NOBODY", TEAM).said == UNKNOWN
    assert roles(FakeDirectory(refuses="timeout")).may("U0DANA", TEAM).said == UNREACHABLE
    assert roles(FakeDirectory(), team="").may("U0DANA", TEAM).said == UNREACHABLE
    assert roles(FakeDirectory(refuses_groups="ratelimited"), GROUP).may("U0DANA", TEAM).said == UNREACHABLE


def test_a_group_that_cannot_be_asked_keeps_nobody_out_whom_another_lets_in() -> None:
    """One readable group is enough."""

    class HalfBlind(FakeDirectory):
        def members(self, group: str) -> tuple[str, ...]:
            if group == "S0LOST":
                raise refusal("timeout")
            return super().members(group)

    assert roles(HalfBlind(groups={GROUP: ("U0DANA",)}), "S0LOST", GROUP).may("U0DANA", TEAM).allowed


def test_what_slack_said_is_kept_for_five_minutes() -> None:
    """An outage of Slack's API after a first press stops nobody for so long; then it is asked again."""
    directory, clock = FakeDirectory(groups={GROUP: ("U0DANA",)}), Clock()
    judged = roles(directory, GROUP, clock=clock)
    assert judged.may("U0DANA", TEAM).allowed
    directory.refuses = directory.refuses_groups = "unreachable"
    clock.at = KEPT_S - 1
    assert judged.may("U0DANA", TEAM).allowed
    assert directory.asked == ["U0DANA", GROUP]
    clock.at = KEPT_S
    assert judged.may("U0DANA", TEAM).said == UNREACHABLE


def test_who_was_deactivated_is_out_within_five_minutes() -> None:
    """And at once where nothing is remembered."""
    directory, clock = FakeDirectory(), Clock()
    judged = roles(directory, clock=clock)
    assert judged.may("U0DANA", TEAM).allowed
    directory.people["U0DANA"] = person(deleted=True)
    clock.at = KEPT_S
    assert judged.may("U0DANA", TEAM).said == DEACTIVATED


def test_names_are_what_people_call_each_other() -> None:
    """Words are a name already; whom Slack does not name is somebody."""
    judged = roles(FakeDirectory())
    assert [judged.name(who) for who in ("U0DANA", "Mei Tan in PagerDuty", "U0NOBODY")] == [
        "Dana Weber",
        "Mei Tan in PagerDuty",
        "somebody",
    ]


def directory_of(slack: FakeSlack) -> SlackDirectory:
    settings = Slack(bot_token="xoxb-test", api_url=slack.url, home_channel="C1")
    return SlackDirectory(Wire(settings, slack.clock.now, slack.clock.sleep, ignore))


def test_slack_is_asked_for_people_groups_and_modals() -> None:
    """By the methods and fields of its Web API."""
    with fake_slack() as slack:
        slack.script["users.info"] = [Reply(body={"ok": True, "user": person()})]
        slack.script["usergroups.users.list"] = [Reply(body={"ok": True, "users": ["U0DANA", 7, "<!channel>"]})]
        directory = directory_of(slack)
        assert directory.person("U0DANA")["name"] == "dana"
        assert directory.members(GROUP) == ("U0DANA",)
        directory.open_view("1.2.a", {"type": "modal"})
        assert [(call.method, dict(call.fields)) for call in slack.calls] == [
            ("users.info", {"user": "U0DANA"}),
            ("usergroups.users.list", {"usergroup": GROUP}),
            ("views.open", {"trigger_id": "1.2.a", "view": '{"type": "modal"}'}),
        ]


@pytest.mark.parametrize("body", [{"ok": True}, {"ok": True, "user": 7, "users": {}}])
def test_an_answer_of_another_shape_lets_nobody_in(body: dict[str, Any]) -> None:
    """It says nothing of anybody."""
    with fake_slack() as slack:
        slack.script = {"users.info": [Reply(body=body)], "usergroups.users.list": [Reply(body=body)]}
        directory = directory_of(slack)
        assert Roles(directory, None, lambda: TEAM, Clock()).may("U0DANA", TEAM).said == UNKNOWN
        assert directory.members(GROUP) == ()


def test_slack_s_refusals_come_as_chat_errors() -> None:
    """And nothing else does."""
    with fake_slack() as slack:
        slack.script["views.open"] = [error("expired_trigger_id")]
        with pytest.raises(ChatError):
            directory_of(slack).open_view("1.2.a", {})
