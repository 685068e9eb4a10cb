"""`$names` in queries: what settings and the asked window choose, put in where a query leaves room for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.ports import SourceError

NAME = re.compile(r"\$([a-z_]+)")


def filled(text: str, names: Mapping[str, str]) -> str:
    """The text with every `$name` replaced. The values must already be fit for the text's language."""
    return NAME.sub(lambda match: value_of(match[1], names), text)


def filled_tree(tree: Any, names: Mapping[str, str]) -> Any:
    """Parsed JSON in which every string or key that is wholly a `$name` is replaced; no value can become more than a string."""
    match tree:
        case dict():
            return {filled_tree(key, names): filled_tree(value, names) for key, value in tree.items()}
        case list():
            return [filled_tree(value, names) for value in tree]
        case str() if name := NAME.fullmatch(tree):
            return value_of(name[1], names)
        case _:
            return tree


def value_of(name: str, names: Mapping[str, str]) -> str:
    try:
        return names[name]
    except KeyError as error:
        raise SourceError(f"was asked for ${name}, which no setting names", "bug") from error
