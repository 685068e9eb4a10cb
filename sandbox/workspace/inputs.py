"""The blocks of modals as Slack takes them: what can be filled in, and what may stand around it."""

from __future__ import annotations

from sandbox.workspace.blocks import BLOCKS, Faults, Json, Kinds, object_of, options, select, string, text_object, wrong


def _input(block: Json, at: str) -> Faults:
    yield from text_object(block, "label", 2_000, at, plain=True)
    if "hint" in block:
        yield from text_object(block, "hint", 2_000, at, plain=True)
    element = object_of(block.get("element"))
    faults = INPUTS.get(str(element.get("type")))
    if faults is None:
        yield f"unsupported type: {element.get('type')} [json-pointer:{at}/element]"
        return
    yield from string(element, "action_id", 255, f"{at}/element", needed=False)
    yield from faults(element, f"{at}/element")


def _menu(element: Json, at: str) -> Faults:
    """Radio buttons or checkboxes."""
    yield from options(element, 10, at)


def _typed(element: Json, at: str) -> Faults:
    """A field to type in: text, a date (YYYY-MM-DD) or a time (HH:MM)."""
    if "placeholder" in element:
        yield from text_object(element, "placeholder", 150, at, plain=True)
    for key in ("initial_value", "initial_date", "initial_time"):
        yield from string(element, key, 3_000, at, needed=False)
    low, high = element.get("min_length", 0), element.get("max_length", 3_000)
    good = isinstance(low, int) and isinstance(high, int) and 0 <= low <= high <= 3_000 and high >= 1
    yield from wrong(not good, "invalid length", f"{at}/max_length")


INPUTS: Kinds = {
    "checkboxes": _menu,
    "datepicker": _typed,
    "plain_text_input": _typed,
    "radio_buttons": _menu,
    "static_select": select,
    "timepicker": _typed,
}
IN_MODALS: Kinds = {
    **{kind: BLOCKS[kind] for kind in ("context", "divider", "header", "image", "rich_text", "section")},
    "input": _input,
}
