"""What people do in the workspace of a stage, and what they see there."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.workspace.cast import BOT, DANA, HOME, TEAM_ID, Person
from sandbox.workspace.conversations import Message
from sandbox.workspace.payloads import command_body, press_body
from tests.stage import Stage

numbers = itertools.count(1)


def somebody() -> Person:
    """A person whom nobody has heard of before."""
    number = next(numbers)
    return Person(f"U0ASKER{number:05}", f"asker{number}", f"Asker {number}", "Etc/UTC")


@dataclass(frozen=True)
class People:
    """The people of a stage; `slack_url` is where the bot is to reach them."""

    stage: Stage
    slack_url: str

    def command(self, text: str, who: Person = DANA, channel: str = HOME.id) -> bytes:
        """The form of `/pay` with this text."""
        return command_body("/pay", text, who, channel, self._response_url(who, channel))

    def press(self, message: Message, action: str, question: str, who: Person = DANA) -> bytes:
        """The form of a pressed button of this message, which carries this question."""
        value = json.dumps({"q": question, "tz": "UTC", "end": int(float(message.ts)), "only_me": False})
        pressed = {"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": message.ts}
        return press_body(message, pressed, who, self._response_url(who, message.channel))

    def older_answers(self, count: int) -> list[Message]:
        """Messages of the bot that stood in the home channel before, for buttons to be pressed in."""
        say = self.stage.workspace.talk.say
        return self.stage.inside(lambda: [say(Message(HOME.id, BOT.id, "An older answer.")) for _ in range(count)])

    def answers(self, channel: str = HOME.id) -> list[Message]:
        """What the bot has posted in the channel, for all to see."""
        return [said for said in self._history(channel, "") if said.user == BOT.id and said.blocks]

    def private_lines(self, who: Person, channel: str = HOME.id) -> list[Message]:
        return [said for said in self._history(channel, who.id) if said.private_to]

    def _history(self, channel: str, user: str) -> tuple[Message, ...]:
        return self.stage.inside(lambda: self.stage.workspace.talk.history(channel, user=user))

    def _response_url(self, who: Person, channel: str) -> str:
        hook = self.stage.inside(lambda: self.stage.workspace.hooks.make(who.id, channel))
        return f"{self.slack_url}/slack/hooks/{TEAM_ID}/{hook.key}"


def question_of(answer: Message) -> str:
    """The question that an answer's buttons carry, such as "checkout 6h", without its environment; "" where it has none."""
    buttons = [button for block in answer.blocks if block["type"] == "actions" for button in block["elements"]]
    return str(json.loads(buttons[0]["value"])["q"]).partition(" env:")[0] if buttons else ""


def pictured(answer: Message) -> bool:
    return any(block["type"] == "image" for block in answer.blocks)


def texts(value: Any) -> Iterator[str]:
    """Every text within blocks."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


def shows(answer: Message, words: str) -> bool:
    return any(words in text for text in texts(answer.blocks))
