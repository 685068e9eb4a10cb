"""Settings files that something went wrong with: whatever it was, they are read, or refused with lines that can be found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.alerts.rulebook import SHIPPED, rules
from bot.config import ConfigError, read

WRITTEN = """\
PAYBOT_ENV = "prod"

[answers]
deadline = "8s"

[alerts]
tick = "60s"
repeat_every = "4h"

[rules]
window-expired.above = 12
retry-failures = { above = 6, for = "1m" }

[roles]
responder = ["S0123ABCD",
  "U0123ABCD"]

[metrics]
success_rate = "payments.checkout.success_rate"
"""
BASE = WRITTEN + SHIPPED.read_text(encoding="utf-8").replace("[rules.window-expired]", "[rules.own-expired]").replace(
    "[rules.retry-failures]", "[rules.own-failures]"
).partition("[rules.source-silent]")[0].replace("[rules.receipt-render-failures]", "[rules.'own-receipts']")  # fmt: skip
JUNK = (
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    "\n",
    "\r",
    "\0",
    ".",
    "'''",
    "nan",
    "-inf",
    "9" * 5000,
    "é",
    "\u202e",
    "[" * 3000,
    "[[a]]",
)
VALUES = (
    "3",
    '"x"',
    "[]",
    "{}",
    "true",
    "nan",
    "[1, 'a', [2]]",
    "1979-05-27",
    '{ a = { b = "c" } }',
    '"""a\nb"""',
    "-0.0",
    "1e400",
)

Change = Callable[[random.Random, str], str]


def a_sign(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text))
    return text[:at] + dice.choice(JUNK) + text[at + dice.randrange(2) :]


def a_line_less(dice: random.Random, text: str) -> str:
    lines = text.split("\n")
    del lines[dice.randrange(len(lines))]
    return "\n".join(lines)


def a_line_twice(dice: random.Random, text: str) -> str:
    lines = text.split("\n")
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))
    return "\n".join(lines)


def another_value(dice: random.Random, text: str) -> str:
    found = dice.choice(list(re.finditer(r"= .*", text)))
    return text[: found.start()] + f"= {dice.choice(VALUES)}" + text[found.end() :]


def another_key(dice: random.Random, text: str) -> str:
    found = dice.choice(list(re.finditer(r"(?m)^[\w.]+", text)))
    return text[: found.start()] + dice.choice(("abov", "'a b'", '"a\\nb"', "''", "x.y", found[0][:-1])) + text[found.end() :]


def another_table(dice: random.Random, text: str) -> str:
    found = dice.choice(list(re.finditer(r"(?m)^\[.*\]", text)))
    return (
        text[: found.start()] + dice.choice(("[rules]", "[rules.x]", "[[rules.own]]", "[x]", '["a\\nb"]')) + text[found.end() :]
    )


CHANGES: tuple[Change, ...] = (a_sign, a_line_less, a_line_twice, another_value, another_key, another_table)


def test_the_file_is_right_before_anything_happens_to_it(tmp_path: Path) -> None:
    """Else the others would show little."""
    (tmp_path / "paybot.toml").write_text(BASE, encoding="utf-8")
    assert {"own-expired", "own-failures", "own-receipts"} <= {rule.name for rule in rules(read({}, tmp_path))}


@pytest.mark.parametrize("seed", range(12))
def test_a_spoilt_file_is_read_or_refused_by_line(tmp_path: Path, seed: int) -> None:
    """Nothing but ConfigError comes of it, and every fault is one line that names a line of the file."""
    dice = random.Random(seed)
    refused = 0
    for _ in range(50):
        text = BASE
        for _ in range(dice.randint(1, 3)):
            text = dice.choice(CHANGES)(dice, text)
        (tmp_path / "paybot.toml").write_bytes(text.encode())
        try:
            rules(read({}, tmp_path))
        except ConfigError as error:
            refused += 1
            for fault in error.faults:
                place = re.match(r"paybot\.toml:(\d+): \S", fault)
                assert place, fault
                assert 1 <= int(place[1]) <= text.count("\n") + 1
                assert fault.isprintable(), repr(fault)
    assert refused > 20


def test_a_file_that_is_no_text_is_refused_by_line(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is found."""
    (tmp_path / "paybot.toml").write_bytes(b'PAYBOT_ENV = "prod"\n# \xff\n')
    with pytest.raises(ConfigError) as raised:
        read({}, tmp_path)
    assert raised.value.faults == ("paybot.toml:2: is not UTF-8",)
