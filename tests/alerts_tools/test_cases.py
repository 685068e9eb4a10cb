"""`paybot rules test`: values in, exactly the messages out."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.alerts.cases import BadCases, read_cases, said
from bot.alerts.episode import Episode
from bot.alerts.outcome import News
from bot.alerts.rulebook import rules
from bot.config import Config
from tests.alerts_engine.feed import MINUTE

RULES = {rule.name: rule for rule in rules(Config())}
CASE = '[[case]]\nname = "n"\nrule = "checkout-success-rate"\nvalues = "{}"\nexpect = {}\n'


def lines(values: str, rule: str = "checkout-success-rate") -> tuple[str, ...]:
    (case,) = read_cases(CASE.format(values, "[]").replace("checkout-success-rate", rule), "f", RULES)

    def says(episode: Episode, now: object) -> str:
        return f"{episode.rule} {episode.value:.1f}"

    def note(news: News, episode: Episode, now: object) -> str:
        return f"{news} {episode.reason}"

    return said(case, MINUTE, MINUTE, says, note)


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ("checkout-success-rate", "99x60", ()),
        ("checkout-success-rate", "99x30 80x1 99x30", ()),
        ("checkout-success-rate", "99x30 60x20 99x60", ("12:42 checkout-success-rate 70.4", "13:11 resolved recovered")),
        ("checkout-success-rate", "99x30 60x20 nonex60", ("12:42 checkout-success-rate 70.4",)),
        ("checkout-success-rate", "99x30 60x20 errorx60", ("12:42 checkout-success-rate 70.4",)),
        ("webhook-lag", "1x30 nonex10 1x20", ("12:34 webhook-lag 180.0", "12:47 resolved recovered")),
        ("window-expired", "0x60 1x11 0x100", ("13:12 window-expired 11.0", "14:07 resolved recovered")),
    ],
)
def test_a_rule_says_what_it_should(rule: str, values: str, expected: tuple[str, ...]) -> None:
    """Silence and errors of a source neither fire nor resolve; a worker that stopped is lag."""
    assert lines(values, rule) == expected


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[case]]\nrule = 'checkout-succes-rate'\nvalues = '1'\nexpect = []", "did you mean checkout-success-rate"),
        ("[[case]]\nrule = 'webhook-lag'\nvalues = 'many'\nexpect = []", '"many" is no value'),
        ("[[case]]\nrule = 'webhook-lag'\nvalues = '1'\nexpects = []", '"expects" is not a key'),
        ("[[case]]\nrule = 'webhook-lag'\nvalues = ''\nexpect = []", "1 to 20000 minutes"),
        ("nothing = 1", "has no [[case]]"),
        ("[[case", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, fault: str) -> None:
    """Every fault, with its case."""
    with pytest.raises(BadCases) as error:
        read_cases(text, "f.toml", RULES)
    assert any(fault in line for line in error.value.faults)


def test_a_hundred_cases_take_a_second() -> None:
    """An hour of minutes each, judged as in production."""
    start = time.process_time()
    for _ in range(100):
        lines("99x30 60x15 99x15")
    assert time.process_time() - start < 1.5


def test_the_command_says_what_differs(tmp_path: Path) -> None:
    """A line that was expected and not said, and one that was said and not expected; exit 1."""
    file = tmp_path / "cases.toml"
    file.write_text(CASE.format("99x30 60x20 99x5", '["12:00 something else"]'))
    command = [sys.executable, "-m", "bot", "rules", "test", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=Path.cwd())
    assert done.returncode == 1
    assert "- 12:00 something else" in done.stdout
    assert "+ 12:42 Checkout success rate" in done.stdout
    assert done.stdout.strip().endswith("0 of 1 cases hold")
