"""Block Kit within Slack's limits."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.workspace.blocks import MOST_TEXT, check
from sandbox.workspace.refused import Refused

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": plain("Press")} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def table(rows: int, cells: int = 1) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * cells] * rows}


def image(**more: Any) -> Json:
    return {"type": "image", "alt_text": "a chart", "slack_file": {"id": "F0READY0001"}} | more


CONFIRM = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
OPTION = {"text": plain("One"), "value": "1"}
GOOD = [
    [section("x" * 3_000)],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10}],
    [actions(*(button(action_id=str(number), value="v" * 2_000, confirm=CONFIRM) for number in range(25)))],
    [actions({"type": "overflow", "action_id": "o", "options": [OPTION] * 5})],
    [actions({"type": "static_select", "action_id": "s", "options": [OPTION] * 100})],
    [table(100, 20)],
    [image()],
    [{"type": "divider"}] * 50,
]
BAD = [
    ([section("x" * 3_001)], "/blocks/0/text/text"),
    ([section("")], "/blocks/0/text"),
    ([{"type": "section"}], "/blocks/0"),
    ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
    ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}], "/blocks/0/elements"),
    ([actions(*(button(action_id=str(number)) for number in range(26)))], "/blocks/0/elements"),
    ([actions(button(), button())], "/blocks/0/elements"),
    ([actions(button(text=plain("x" * 76)))], "/blocks/0/elements/0/text/text"),
    ([actions(button(value="x" * 2_001))], "/blocks/0/elements/0/value"),
    ([actions(button(style="green"))], "/blocks/0/elements/0/style"),
    ([actions(button(confirm=CONFIRM | {"title": plain("x" * 101)}))], "/blocks/0/elements/0/confirm/title/text"),
    ([actions({"type": "checkboxes"})], "/blocks/0/elements/0"),
    ([actions({"type": "overflow", "options": [OPTION] * 6})], "/blocks/0/elements/0/options"),
    ([{"type": "divider"}, {"type": "marquee"}], "/blocks/1"),
    ([{"type": "divider"}] * 51, "/blocks"),
    ([table(101)], "/blocks/0/rows"),
    ([table(1, 21)], "/blocks/0/rows/0"),
    ([table(1), table(1)], "/blocks"),
    ([image(alt_text=None)], "/blocks/0"),
    ([image(alt_text="x" * 2_001)], "/blocks/0/alt_text"),
    ([image(image_url="https://example.com/x.png")], "/blocks/0"),
    ([image(slack_file={"id": "F0UNREADY01"})], "/blocks/0/slack_file"),
    ([image(slack_file={"id": "nonsense"})], "/blocks/0/slack_file"),
]


def ready(file: str) -> bool:
    return file == "F0READY0001"


@pytest.mark.parametrize("blocks", GOOD)
def test_blocks_at_their_limits_pass(blocks: list[Json]) -> None:
    """What is exactly as much as Slack takes is taken."""
    assert len(check(blocks, ready)) == len(blocks)


@pytest.mark.parametrize(("blocks", "pointer"), BAD)
def test_blocks_past_their_limits_are_refused_where_they_are_wrong(blocks: list[Json], pointer: str) -> None:
    """`invalid_blocks` comes with the json-pointer of the fault."""
    with pytest.raises(Refused, match="invalid_blocks") as refused:
        check(blocks, ready)
    assert any(message.endswith(f"[json-pointer:{pointer}]") for message in refused.value.messages)


def test_all_text_together_has_a_limit() -> None:
    """Blocks that are each short enough can be too long together."""
    with pytest.raises(Refused, match="msg_blocks_too_long"):
        check([section("x" * 2_900)] * (MOST_TEXT // 2_900 + 1), ready)


@pytest.mark.parametrize("blocks", ["text", {"type": "divider"}, [1], None])
def test_only_a_list_of_objects_is_blocks(blocks: Any) -> None:
    """Anything else is Slack's `invalid_blocks_format`."""
    with pytest.raises(Refused, match="invalid_blocks_format"):
        check(blocks, ready)


def test_blocks_and_elements_get_ids() -> None:
    """A button without an action_id can still be pressed."""
    block = check([actions({"type": "button", "text": plain("Open"), "url": "https://example.com"})], ready)[0]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
