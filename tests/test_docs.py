"""Promises in prose: the pages for operators name every setting, with the default that the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import later
from bot.config import KNOWN, TABLES, Answers, Archives, Aws, Config, PagerDuty

DOCS = Path("docs")
PAGES = "\n".join(page.read_text() for page in (DOCS / "settings.md", DOCS / "setup-sources.md", DOCS / "setup-slack.md"))
OWN = sorted(name for name in (*KNOWN.settings, *KNOWN.secrets) if name not in {*later.SETTINGS, *later.SECRETS})
KEYS = sorted(key for keys in TABLES.values() for key in keys)


def default_of(name: str) -> str:
    """What a page's table says is the default of this setting or key."""
    row = re.search(rf"^\| `{name}` \|.*\| `?([^|`]*)`? \|$", PAGES, re.MULTILINE)
    assert row, f"no row for {name}"
    return row[1]


@pytest.mark.parametrize("name", OWN)
def test_every_setting_has_its_place_in_the_pages(name: str) -> None:
    """Nothing can be set that nobody reads of."""
    assert f"`{name}`" in PAGES


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_the_file_has_its_place_in_the_pages(key: str) -> None:
    """In a table, or in the example of its own table."""
    assert re.search(rf"(^| ){key} = |`{key}`", PAGES, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAYBOT_ENV", Config().env),
        ("PAYBOT_TIMEZONE", Config().timezone),
        ("PAYBOT_BIND", "{}:{}".format(*Config().bind)),
        ("PAYBOT_LOG_LEVEL", Config().log_level),
        ("deadline", f"{Answers().deadline_s:g}s"),
        ("theme", Answers().theme),
        ("agreement", f"{Answers().limits.agreement_pct:g}%"),
        ("PAYBOT_RETRY_QUEUE", Aws().retry_queue),
        ("PAYBOT_EVENT_BUS", Aws().event_bus),
        ("ATHENA_DATABASE", Archives().athena_database),
        ("cache_mb", str(Archives().cache_mb)),
        ("PAGERDUTY_API_URL", PagerDuty(api_key="").api_url),
        ("service", PagerDuty(api_key="").service),
        ("copy_home", str(Answers().copy_home).lower()),
        ("at_once", str(Answers().at_once)),
        ("waiting", str(Answers().waiting)),
        ("per_user", str(Answers().per_user)),
    ],
)
def test_the_pages_give_the_defaults_that_the_code_has(name: str, value: str) -> None:
    """A default that is changed is changed in both."""
    assert default_of(name) == value


def test_links_between_pages_lead_somewhere() -> None:
    """README and docs name only files that are there."""
    for page in (Path("README.md"), *DOCS.glob("**/*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"
