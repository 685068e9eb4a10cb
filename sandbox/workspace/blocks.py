"""Block Kit as Slack takes it: which blocks there are, what they must have, and how much of it.

Limits: the block reference on docs.slack.dev; the total of all text is undocumented (slackapi/bolt-js#2509).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.workspace import charts
from sandbox.workspace.refused import Refused

Json = dict[str, Any]
Faults = Iterator[str]
Kinds = Mapping[str, Callable[[Json, str], Faults]]
MOST_TEXT = 13_200
MOST_BLOCKS = 50
CHART = "data_visualization"
FILE_ID = re.compile(r"F[A-Z0-9]{8,}")


def check(blocks: Any, ready: Callable[[str], bool]) -> tuple[Json, ...]:
    """A message's blocks with the IDs that Slack gives to those without one. `ready` says whether a file can be shown yet.

    Raises Refused: `invalid_blocks` with a json-pointer for each fault, or `msg_blocks_too_long`.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise Refused("invalid_blocks_format")
    faults = tuple(_faults(blocks, ready))
    if faults:
        raise Refused("invalid_blocks", *faults)
    if sum(map(len, texts(blocks))) > MOST_TEXT:
        raise Refused("msg_blocks_too_long")
    return named(blocks)


def named(blocks: list[Json]) -> tuple[Json, ...]:
    """Blocks without faults, with the IDs that Slack gives to those without one."""
    return tuple(_named(block, f"b{number}") for number, block in enumerate(blocks))


def _named(block: Json, name: str) -> Json:
    """The block with an ID, and its elements too: Slack gives one to whatever came without."""
    full = {"block_id": name, **block}
    if block["type"] == "actions":
        elements = block["elements"]
        full["elements"] = [{"action_id": f"{name}.{number}", **element} for number, element in enumerate(elements)]
    for part in ("accessory", "element"):
        if part in block:
            full[part] = {"action_id": f"{name}.{part}", **block[part]}
    return full


def texts(part: Any) -> Iterator[str]:
    """Every text that people see somewhere in a block."""
    if isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in ("text", "alt_text") and isinstance(value, str):
                yield value
            else:
                yield from texts(value)


def _faults(blocks: list[Json], ready: Callable[[str], bool]) -> Faults:
    if len(blocks) > MOST_BLOCKS:
        yield f"no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]"
    if sum(block.get("type") == "table" for block in blocks) > 1:
        yield "only one table allowed [json-pointer:/blocks]"
    yield from wrong(sum(block.get("type") == CHART for block in blocks) > 2, "no more than 2 charts allowed", "/blocks")
    yield from faults_of(blocks, ready, BLOCKS, "/blocks")


def faults_of(blocks: list[Json], ready: Callable[[str], bool], kinds: Kinds, where: str) -> Faults:
    """What is wrong with each block, of those `kinds` that are allowed here; `where` is the json-pointer of them all."""
    for number, block in enumerate(blocks):
        at = f"{where}/{number}"
        faults = kinds.get(str(block.get("type")))
        yield from wrong(faults is None, f"unsupported type: {block.get('type')}", at)
        yield from wrong(len(str(block.get("block_id", ""))) > 255, "must be less than 256 characters", f"{at}/block_id")
        if faults:
            yield from faults(block, at)
        if block.get("type") == "image":
            yield from _picture_file(block, at, ready)


def wrong(is_wrong: bool, why: str, at: str) -> Faults:
    if is_wrong:
        yield f"{why} [json-pointer:{at}]"


def string(part: Json, key: str, most: int, at: str, *, needed: bool = True) -> Faults:
    value = part.get(key)
    if value is None and not needed:
        return
    if not isinstance(value, str) or (needed and not value):
        yield f"missing required field: {key} [json-pointer:{at}]"
    elif len(value) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}/{key}]"


def text_object(part: Json, key: str, most: int, at: str, *, plain: bool = False) -> Faults:
    text = part.get(key)
    if not isinstance(text, dict):
        yield f"missing required field: {key} [json-pointer:{at}]"
        return
    allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    yield from wrong(text.get("type") not in allowed, f"unsupported type: {text.get('type')}", f"{at}/{key}/type")
    yield from string(text, "text", most, f"{at}/{key}")


def _many(part: Json, key: str, most: int, at: str) -> Faults:
    items = part.get(key)
    if not isinstance(items, list) or not items:
        yield f"missing required field: {key} [json-pointer:{at}]"
    elif len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}/{key}]"


def _items(part: Json, key: str) -> list[tuple[int, Json]]:
    items = part.get(key)
    return list(enumerate(map(object_of, items if isinstance(items, list) else [])))


def _header(block: Json, at: str) -> Faults:
    yield from text_object(block, "text", 150, at, plain=True)


def _section(block: Json, at: str) -> Faults:
    if "text" in block or "fields" not in block:
        yield from text_object(block, "text", 3_000, at)
    if "fields" in block:
        yield from _many(block, "fields", 10, at)
    for number, _field in _items(block, "fields"):
        yield from text_object({"field": _field}, "field", 2_000, f"{at}/fields/{number}")
    if "accessory" in block:
        yield from _element(object_of(block["accessory"]), f"{at}/accessory")


def _image(block: Json, at: str) -> Faults:
    yield from string(block, "alt_text", 2_000, at)
    yield from string(block, "image_url", 3_000, at, needed=False)
    yield from wrong(("image_url" in block) == ("slack_file" in block), "needs one of image_url and slack_file", at)
    if "title" in block:
        yield from text_object(block, "title", 2_000, at, plain=True)


def _picture_file(block: Json, at: str, ready: Callable[[str], bool]) -> Faults:
    if "slack_file" not in block:
        return
    id_ = str(object_of(block["slack_file"]).get("id", ""))
    yield from wrong(not FILE_ID.fullmatch(id_) or not ready(id_), "invalid slack file", f"{at}/slack_file")


def _context(block: Json, at: str) -> Faults:
    yield from _many(block, "elements", 10, at)
    for number, element in _items(block, "elements"):
        where = f"{at}/elements/{number}"
        if element.get("type") == "image":
            yield from string(element, "alt_text", 2_000, where)
        else:
            yield from text_object({"text": element}, "text", 3_000, where)


def _actions(block: Json, at: str) -> Faults:
    yield from _many(block, "elements", 25, at)
    for number, element in _items(block, "elements"):
        yield from _element(element, f"{at}/elements/{number}")
    names = [element["action_id"] for _, element in _items(block, "elements") if "action_id" in element]
    yield from wrong(len(set(names)) < len(names), "`action_id` already exists", f"{at}/elements")


def object_of(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _element(element: Json, at: str) -> Faults:
    faults = ELEMENTS.get(str(element.get("type")))
    if faults is None:
        yield f"unsupported type: {element.get('type')} [json-pointer:{at}]"
        return
    yield from string(element, "action_id", 255, at, needed=False)
    yield from faults(element, at)
    if "confirm" in element:
        yield from _confirm(object_of(element["confirm"]), f"{at}/confirm")


def _button(element: Json, at: str) -> Faults:
    yield from text_object(element, "text", 75, at, plain=True)
    yield from string(element, "value", 2_000, at, needed=False)
    yield from string(element, "url", 3_000, at, needed=False)
    yield from string(element, "accessibility_label", 75, at, needed=False)
    yield from wrong(element.get("style", "primary") not in ("primary", "danger"), "invalid style", f"{at}/style")


def select(element: Json, at: str) -> Faults:
    if "placeholder" in element:
        yield from text_object(element, "placeholder", 150, at, plain=True)
    yield from options(element, 100, at)
    first = element.get("initial_option")
    yield from wrong(
        first is not None and first not in (element.get("options") or ()), "must be one of the options", f"{at}/initial_option"
    )


def _overflow(element: Json, at: str) -> Faults:
    yield from options(element, 5, at)


def _checkboxes(element: Json, at: str) -> Faults:
    yield from options(element, 10, at)
    first = element.get("initial_options") or ()
    known = element.get("options") or ()
    yield from wrong(any(each not in known for each in first), "must be some of the options", f"{at}/initial_options")


def options(element: Json, most: int, at: str) -> Faults:
    yield from _many(element, "options", most, at)
    for number, option in _items(element, "options"):
        yield from text_object(option, "text", 75, f"{at}/options/{number}", plain=True)
        yield from string(option, "value", 150, f"{at}/options/{number}")


def _confirm(confirm: Json, at: str) -> Faults:
    for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from text_object(confirm, key, most, at, plain=key != "text")


def _table(block: Json, at: str) -> Faults:
    yield from _many(block, "rows", 100, at)
    settings = _items(block, "column_settings")
    yield from wrong(len(settings) > 20, "no more than 20 items allowed", f"{at}/column_settings")
    rows = block.get("rows")
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        yield from _row(row, f"{at}/rows/{number}")


def _row(row: Any, at: str) -> Faults:
    if not isinstance(row, list) or not 1 <= len(row) <= 20:
        yield f"must have 1 to 20 cells [json-pointer:{at}]"
        return
    for number, cell in enumerate(row):
        kind = cell.get("type") if isinstance(cell, dict) else None
        yield from wrong(kind not in ("raw_text", "raw_number", "rich_text"), f"unsupported type: {kind}", f"{at}/{number}")
        if kind == "raw_text":
            yield from string(cell, "text", 3_000, f"{at}/{number}")


def _markdown(block: Json, at: str) -> Faults:
    yield from string(block, "text", 12_000, at)


def _rich_text(block: Json, at: str) -> Faults:
    yield from _many(block, "elements", 1_000, at)


def _divider(block: Json, at: str) -> Faults:
    yield from ()


BLOCKS: Kinds = {
    "actions": _actions,
    "context": _context,
    CHART: charts.faults,
    "divider": _divider,
    "header": _header,
    "image": _image,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
}
ELEMENTS: Kinds = {"button": _button, "checkboxes": _checkboxes, "overflow": _overflow, "static_select": select}
