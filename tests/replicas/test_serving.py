"""Two `paybot serve` behind one Slack: whichever of them is asked, it is as if there were one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from bot.slack.alert_buttons import ACKNOWLEDGE
from bot.store import schema
from sandbox.workspace.cast import DANA
from tests.promises.people import somebody
from tests.promises.serving import until
from tests.replicas.pair import Pair, cut_off, pair, raced
from tests.store import postgres

RACES = 40
GONE_S = 8.0


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.running() as server, pair(server.clean(), tmp_path_factory.mktemp("two")) as made:
        yield made


@pytest.mark.timeout(120)
def test_a_signed_request_that_comes_to_both_runs_once(two: Pair) -> None:
    """At the same moment; and what Slack signs anew, as it thinks it was lost, is acknowledged and not done again."""
    for number in range(4):
        body = two.people.command("help", somebody())
        assert sorted(each.status for each in two.same(body)) == [200, 401]
        time.sleep(1.0 - time.time() % 1.0)
        again = two.bots[number % 2].hears(body)
        assert (again.status, again.text) == (200, "")


@pytest.mark.timeout(60)
def test_a_command_at_either_is_answered(two: Pair) -> None:
    """By whichever process heard it."""
    for bot in two.bots:
        assert "checkout" in bot.hears(two.people.command("help", somebody())).text


@pytest.mark.timeout(120)
def test_a_button_works_at_the_process_that_did_not_send_it(two: Pair) -> None:
    """The message is sent by the one that has the channel, which shows what was pressed at the other."""
    episode = two.alert(owed=True)
    until(lambda: two.shown(episode.id), 20)
    (message,) = two.shown(episode.id)
    button = next(
        each
        for block in message.blocks
        if block["type"] == "actions"
        for each in block["elements"]
        if each["action_id"] == ACKNOWLEDGE
    )
    assert button["value"].startswith(f"{episode.id}.1.")
    assert two.bots[1 - two.sender()].hears(two.press(episode, DANA, message)).status == 200
    until(lambda: "cknowledged" in str(two.shown(episode.id)), 20)
    assert len(two.shown(episode.id)) == 1


@pytest.mark.timeout(120)
def test_of_two_presses_at_the_same_moment_one_counts(two: Pair) -> None:
    """One at each process, by two people; both stand in the audit."""
    assert raced(two, RACES) == []


@pytest.mark.timeout(180)
def test_without_its_database_neither_is_ready_and_all_resumes(two: Pair) -> None:
    """A press is answered that nothing was changed, a command is answered as ever, no tick is done twice, nobody is restarted."""
    assert cut_off(two, GONE_S) == []


@pytest.mark.timeout(60)
def test_a_schema_that_is_too_new_ends_both_with_a_line(two: Pair) -> None:
    """It names what was found and what this version knows; exit code 2."""
    with two.database.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0099'"))
    for bot in two.bots:
        assert bot.process.wait(30) == 2
        assert f"by a newer paybot (schema 0099, this one knows up to {schema.NEWEST})" in bot.log()
