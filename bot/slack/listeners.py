"""What Bolt calls when Slack speaks: a listener reads the payload, hands it to the desk and acknowledges, within a millisecond.

Why listeners run inside the request: docs/decisions/0002-listeners-run-inside-the-request.md.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk import WebClient

from bot.inbox import Inbox
from bot.slack.guard import Headers
from bot.slack.heard import Alerts, AppHome, Desk
from bot.slack.identity import Identity
from bot.slack.modal import INPUT, LENGTH
from bot.slack.payloads import (
    OCCASION,
    Unreadable,
    heard_command,
    heard_home,
    heard_mention,
    heard_press,
    heard_shortcut,
    heard_submission,
    shaped,
)
from bot.slack.server import Handler, Reply, said
from bot.slack.shortcut import THEN

__all__ = ["App", "http_handler", "make_app"]

log = logging.getLogger(__name__)

COMMAND = "/pay"
ANSWER_BUTTONS = re.compile(r"^answer\.")
ALERT_BUTTONS = re.compile(r"^(alert|digest)\.")
HOME_CONTROLS = re.compile(r"^home\.")
LINK_BUTTONS = re.compile(r"^answer\.link\b")  # they open a page by themselves: acknowledged, and nothing else
APOLOGY = "Sorry, that went wrong inside paybot. If it does so again, give its owners this reference: `{}`."
UNKNOWN_COMMAND = f"paybot knows only `{COMMAND}`. Try `{COMMAND} help`."
UNREADABLE = "Slack sent that in a form paybot cannot read, so nothing was done."


def make_app(
    desk: Desk, inbox: Inbox, who: Callable[[], Identity], alerts: Alerts | None = None, home: AppHome | None = None
) -> App:
    """The Bolt app for HTTP and Socket Mode alike. It holds no token and calls nobody; `who` must answer at once.

    Without `alerts` nobody listens to alerts' buttons: they are acknowledged, and nothing else.
    Requests are verified before they come here: by the guard over HTTP, by the connection itself in Socket Mode.
    """
    app = App(
        name="paybot",
        logger=quiet(),
        client=WebClient(),  # Bolt would make one with the token that it finds in the environment
        authorize=partial(authorized, who),
        process_before_response=True,
        request_verification_enabled=False,
        raise_error_for_unhandled_request=True,
    )
    app.error(failed)
    app.command(COMMAND)(partial(command, desk, inbox))
    app.event("app_mention")(partial(mention, desk, inbox, who))
    app.event("message")(unasked)
    app.message_shortcut(THEN)(partial(shortcut, desk, inbox))
    app.action(LINK_BUTTONS)(link)
    app.action(ANSWER_BUTTONS)(partial(press, desk, inbox))
    if alerts:
        app.action(ALERT_BUTTONS)(partial(press, alerts, inbox))
        app.view(LENGTH)(partial(submission, alerts, inbox))
    if home:
        app.event("app_home_opened")(partial(opened, home, inbox))
        app.action(HOME_CONTROLS)(partial(press, home, inbox))
    return app


def quiet() -> logging.Logger:
    """A logger for Bolt. What it has to say in passing we say ourselves, without parts of payloads in it."""
    logger = logging.getLogger("bot.slack.bolt")
    logger.setLevel(logging.ERROR)
    return logger


def authorized(who: Callable[[], Identity], team_id: str | None) -> AuthorizeResult:
    """Lets every verified request in, also while the bot's own identity is unknown: Bolt needs it to know its own events."""
    user, bot, team = who()
    return AuthorizeResult(enterprise_id=None, team_id=team or team_id, bot_user_id=user or None, bot_id=bot or None)


# The listeners. Bolt calls them with the arguments that they name; what stands before those is bound in make_app.


def command(desk: Desk, inbox: Inbox, ack: Ack, body: Mapping[str, Any]) -> None:
    heard = heard_command(body)
    if new(inbox, "trigger", body.get("trigger_id")):
        ack(text=desk.command(heard), response_type="ephemeral")
    else:
        ack()


def mention(desk: Desk, inbox: Inbox, who: Callable[[], Identity], body: Mapping[str, Any]) -> None:
    heard = heard_mention(body, who().user)
    if heard and new(inbox, "event", body.get("event_id")):
        desk.mention(heard)


def shortcut(desk: Desk, inbox: Inbox, ack: Ack, body: Mapping[str, Any]) -> None:
    heard = heard_shortcut(body)
    if new(inbox, "trigger", body.get("trigger_id")):
        desk.shortcut(heard)
    ack()


def opened(home: AppHome, inbox: Inbox, body: Mapping[str, Any]) -> None:
    heard = heard_home(body)
    if heard and new(inbox, "event", body.get("event_id")):
        home.opened(heard)


def press(desk: Desk | Alerts | AppHome, inbox: Inbox, ack: Ack, body: Mapping[str, Any]) -> None:
    heard = heard_press(body)
    if new(inbox, "trigger", body.get("trigger_id")):
        desk.press(heard)
    ack()


def submission(alerts: Alerts, inbox: Inbox, ack: Ack, body: Mapping[str, Any]) -> None:
    """Closes the modal, or says in it what is wrong: each correction that is sent has a trigger of its own."""
    heard = heard_submission(body)
    wrong = alerts.submitted(heard) if new(inbox, "trigger", body.get("trigger_id")) else ""
    if wrong:
        ack(response_action="errors", errors={INPUT: wrong})
    else:
        ack()


def link(ack: Ack) -> None:
    ack()


def unasked(ack: Ack) -> None:
    """Where the bot's echo is subscribed to, Slack brings every message of its channels: acknowledged unread."""
    ack()


def failed(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
    """What is said when no listener wanted a payload, when it could not be read, or when a listener broke: always a 200.

    Anything else would make Slack bring an event again that will fail again, and show a person a bare "dispatch_failed".
    """
    kind = shaped(body.get("type"), OCCASION) or "command"
    told = in_modal if kind == "view_submission" else private
    if isinstance(error, BoltUnhandledRequestError):
        log.info("nobody listens to this %s", kind)
        return private(UNKNOWN_COMMAND if "command" in body else "")
    if isinstance(error, Unreadable):
        log.warning("an unreadable %s: %s", kind, error)
        return told(UNREADABLE)
    reference = os.urandom(4).hex()
    log.error("a listener failed, reference %s", reference, exc_info=error)
    return told(APOLOGY.format(reference))


def in_modal(text: str) -> BoltResponse:
    return BoltResponse(status=200, body={"response_action": "errors", "errors": {INPUT: text}})


def private(text: str) -> BoltResponse:
    return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text} if text else "")


def new(inbox: Inbox, kind: str, occasion: object) -> bool:
    """Whether this comes for the first time. Slack brings again what it thinks was lost; what has no ID cannot be told apart."""
    known_as = shaped(occasion, OCCASION)
    return not known_as or inbox.first(f"{kind}:{known_as}")


def http_handler(app: App) -> Handler:
    """What the front calls with a guarded request: a raw body and its headers in, a reply out."""

    def handle(body: bytes, headers: Headers) -> Reply:
        try:
            response = app.dispatch(BoltRequest(body=body.decode(), headers=dict(headers)))
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):  # how Bolt's parser meets what is no payload
            return said(400, {"error": "not a payload of Slack"})
        first = {name: values[0] for name, values in response.headers.items()}
        return Reply(response.status, tuple(first.items()), response.body.encode())

    return handle
