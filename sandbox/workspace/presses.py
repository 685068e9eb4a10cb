"""What a person pressed or chose, as the payload tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.workspace.refused import Refused

Json = dict[str, Any]


def pressed(parts: Sequence[Json], wanted: Json, now: datetime) -> Json:
    """The action of a payload: what was pressed is looked up in the blocks, never taken from the page. Raises Refused."""
    block, element = element_in(parts, str(wanted.get("block_id")), str(wanted.get("action_id")))
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
        "action_ts": f"{now.timestamp():.6f}",
    }
    if element["type"] == "button":
        return action | {key: element[key] for key in ("text", "value", "style") if key in element}
    if element["type"] == "checkboxes":
        ticked = wanted.get("value")
        marked = ticked if isinstance(ticked, list) else []
        return action | {"selected_options": [option for option in element["options"] if option["value"] in marked]}
    chosen = [option for option in element["options"] if option["value"] == wanted.get("value")]
    if not chosen:
        raise Refused("option_not_found")
    return action | {"selected_option": chosen[0]}


def element_in(parts: Sequence[Json], block_id: str, action_id: str) -> tuple[Json, Json]:
    for block in parts:
        elements = [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]
        for element in elements:
            if block["block_id"] == block_id and element.get("action_id") == action_id:
                return block, element
    raise Refused("action_not_found")
