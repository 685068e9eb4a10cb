"""From an ask to an answer, with sources that answer, fail and hang."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.answer import Analyst, Answer
from bot.config import Answers
from bot.observe import Metrics
from bot.ports import Source, SourceError
from commands.args import Window
from commands.panel import Data, Found, Gap, Query
from tests.fakes import NOW, PNG, DeadSource, FakeRenderer, FakeSource, ask, events_table, minutes, reasons_table

DATADOG = {"rate": minutes("rate", [98.5] * 75), "active": minutes("a", [412.0] * 75), "pending": minutes("p", [31.0] * 75)}


def sources(**others: Source) -> dict[str, Source]:
    healthy: dict[str, Source] = {
        "datadog": FakeSource("Datadog", DATADOG),
        "datadog_events": FakeSource("Datadog events", {"events": events_table({})}),
        "elastic": FakeSource("Elasticsearch", {"reasons": reasons_table({"do_not_honor": (9, 3, 1)})}),
    }
    return {**healthy, **others}


def analyst(found: Mapping[str, Source], renderer: FakeRenderer | None = None, **settings: Any) -> Analyst:
    return Analyst(found, renderer or FakeRenderer(), Answers(**settings), Metrics())


def gaps(answer: Answer) -> list[str]:
    return [gap.sentence() for gap in answer.gaps]


def test_an_answer_has_words_a_picture_and_a_table() -> None:
    """All that a message needs comes from one ask."""
    answer = analyst(sources()).answer(ask())
    assert answer.headline.startswith("Checkout success is 98.5")
    assert (answer.image, answer.gaps) == (PNG, ())
    assert [table.title for table in answer.tables] == ["Top failure reasons, 24 h"]
    assert "Success rate" in answer.alt


def test_one_dead_source_is_a_gap() -> None:
    """An answer names the source that failed and keeps the others."""
    answer = analyst(sources(elastic=DeadSource("Elasticsearch"))).answer(ask())
    assert gaps(answer) == ["Elasticsearch refused our keys (403); missing here: failure reasons."]
    assert "98.5" in answer.headline
    assert answer.tables == ()


def test_a_source_that_is_not_configured_is_a_gap() -> None:
    """Its panels say so, and nothing fails."""
    found = sources()
    del found["elastic"]
    assert gaps(analyst(found).answer(ask())) == ["Elasticsearch is not configured; missing here: failure reasons."]


def test_without_any_source_there_is_still_an_answer() -> None:
    """Every gap is named; no number is made up."""
    answer = analyst({}).answer(ask())
    assert len(answer.gaps) == 3
    assert "not configured" in answer.headline


@dataclass
class Hanging(FakeSource):
    """Answers only when it is let go."""

    let_go: threading.Event = field(default_factory=threading.Event)

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Mapping[str, Found]:
        self.asked.append((tuple(queries), window, env))
        self.let_go.wait(20)
        return super().fetch(queries, window, env, timeout_s)


def test_a_source_that_hangs_is_a_gap_at_the_deadline() -> None:
    """The rest of the answer is on time, whatever a client's own limits do."""
    hanging = Hanging("Elasticsearch")
    answer = analyst(sources(elastic=hanging), deadline_s=0.2).answer(ask())
    hanging.let_go.set()
    assert gaps(answer) == ["Elasticsearch did not answer in 0.2 s; missing here: failure reasons."]
    assert answer.took_s < 2


def test_whoever_can_wait_gets_what_comes_later() -> None:
    """A digest is made by the clock: the same source is no gap for it, and an ask in a channel is as quick as ever."""
    hanging = Hanging("Elasticsearch")
    quick = analyst(sources(elastic=hanging), deadline_s=0.1)
    threading.Timer(0.4, hanging.let_go.set).start()
    assert gaps(quick.answer(ask())) != []
    assert gaps(quick.patient(10.0).answer(ask())) == []


def test_a_bug_in_a_source_is_a_gap_and_its_text_is_not_shown() -> None:
    """Whatever a source raises stays inside, and the other panels stand."""
    answer = analyst(sources(elastic=DeadSource("Elasticsearch", error=KeyError("sk_live_secret")))).answer(ask())
    assert "sk_live" not in str(answer.gaps)
    assert len(answer.gaps) == 1


def test_gaps_of_one_source_for_one_reason_are_one_sentence() -> None:
    """Two calls to a dead Datadog are one line that names all that is missing."""
    answer = analyst(sources(datadog=DeadSource("Datadog"))).answer(ask(against_days=7))
    assert gaps(answer) == ["Datadog refused our keys (403); missing here: success rate, sessions, the comparison with last 1 h."]


def test_a_comparison_that_failed_does_not_explain_an_empty_present() -> None:
    """Only the compared week was refused: the present hour is empty, and nobody refused it."""
    gap = Gap("Datadog", "refused our keys (403)", ("the comparison with last week",), compared=True)
    assert Data(gaps=(gap,)).why("rate") == "no data in this range"


def test_each_source_is_asked_once_for_a_window() -> None:
    """All of a section's queries to one source travel together."""
    datadog = FakeSource("Datadog", DATADOG)
    analyst(sources(datadog=datadog)).answer(ask())
    assert [keys for keys, _, _ in datadog.asked] == [("rate", "active", "pending")]


def test_a_comparison_asks_for_the_compared_window_too() -> None:
    """The same queries, a week earlier; what is not compared is not asked again."""
    found = sources()
    analyst(found).answer(ask(against_days=7))
    asked = {name: len(source.asked) for name, source in found.items() if isinstance(source, FakeSource)}
    assert asked == {"datadog": 2, "datadog_events": 1, "elastic": 1}


def test_equal_asks_in_flight_share_one_run() -> None:
    """Twenty people who ask the same in an incident cost one."""
    hanging = Hanging("Elasticsearch", {"reasons": reasons_table({"do_not_honor": (9, 3, 1)})})
    shared = analyst(sources(elastic=hanging))
    answers: list[Answer] = []
    people = [threading.Thread(target=lambda: answers.append(shared.answer(ask()))) for _ in range(20)]
    for person in people:
        person.start()
    hanging.let_go.set()
    for person in people:
        person.join(10)
    assert len(answers) == 20
    assert len(hanging.asked) < 20


def test_what_is_awaited_is_known_while_it_is_awaited() -> None:
    """The person's private line can name the slow source, and only that one."""
    hanging = Hanging("Elasticsearch")
    slow = analyst(sources(elastic=hanging))
    asking = threading.Thread(target=lambda: slow.answer(ask()))
    asking.start()
    while slow.awaited(ask()) != ("Elasticsearch",):
        assert asking.is_alive()
    hanging.let_go.set()
    asking.join(10)
    assert slow.awaited(ask()) == ()


def test_a_picture_that_fails_leaves_the_words() -> None:
    """The answer says that its picture failed, and stands."""
    answer = analyst(sources(), FakeRenderer(fails=True)).answer(ask())
    assert (answer.image, answer.picture_fault) == (None, "The picture could not be drawn.")
    assert answer.facts[0].startswith("Success rate: 98.5")


@pytest.mark.parametrize(("error", "kind"), [(KeyError("x"), "bug"), (TimeoutError(), "timeout")])
def test_what_no_source_should_raise_is_counted_too(error: Exception, kind: str) -> None:
    """No failure of a source passes for a success."""
    metrics = Metrics()
    Analyst(sources(elastic=DeadSource("Elasticsearch", error=error)), FakeRenderer(), Answers(), metrics).answer(ask())
    assert f'paybot_source_errors_total{{kind="{kind}",source="elastic"}} 1.0' in metrics.text().decode()


def test_a_day_without_failures_is_said_and_not_left_out() -> None:
    """An empty table stands with its heading, so that a dead log pipeline does not look like an answer without a question."""
    answer = analyst(sources(elastic=FakeSource("Elasticsearch", {"reasons": reasons_table({})}))).answer(ask())
    assert [table.title for table in answer.tables] == ["Top failure reasons, 24 h"]
    assert answer.gaps == ()


def test_many_asks_at_once_do_not_find_a_healthy_source_busy() -> None:
    """Every ask that may be worked on may also ask its sources, twice where it compares."""
    slow = Hanging("Datadog", DATADOG)
    roomy = analyst(sources(datadog=slow), at_once=40)
    answers: list[Answer] = []
    people = [threading.Thread(target=lambda n=n: answers.append(roomy.answer(ask(1 + n, 7)))) for n in range(40)]
    for person in people:
        person.start()
    while len(slow.asked) < 12:
        assert any(person.is_alive() for person in people)
    slow.let_go.set()
    for person in people:
        person.join(20)
    assert [answer.gaps for answer in answers] == 40 * [()]


def test_no_picture_is_drawn_of_nothing() -> None:
    """With its only source dead a picture would be two empty frames: the words say it shorter."""
    answer = analyst(sources(datadog=DeadSource("Datadog"))).answer(ask())
    assert (answer.picture, answer.picture_fault) == (None, "")
    assert answer.facts[0] == "Success rate: no data: Datadog refused our keys (403)"


def test_errors_are_counted_by_source_and_kind() -> None:
    """An operator sees which source fails and how."""
    metrics = Metrics()
    denied = DeadSource("Elasticsearch", error=SourceError("asks us to wait 40 s", "rate_limited"))
    Analyst(sources(elastic=denied), FakeRenderer(), Answers(), metrics).answer(ask())
    text = metrics.text().decode()
    assert 'paybot_source_errors_total{kind="rate_limited",source="elastic"} 1.0' in text
    assert 'paybot_gaps_total{source="elastic"} 1.0' in text


def test_nothing_secret_is_drawn() -> None:
    """An event's title goes into the picture; a card number and an address in it do not."""
    event = events_table({NOW.timestamp() - 60: "override for 4242 4242 4242 4242 by dana@shop.example"})
    renderer = FakeRenderer()
    answer = analyst(sources(datadog_events=FakeSource("Datadog events", {"events": event})), renderer).answer(
        replace(ask(), env="4242424242424242")
    )
    (mark,) = renderer.drawn[0].marks
    assert "4242" not in renderer.drawn[0].title
    assert "4242 4242" not in mark.text + answer.alt
    assert "dana@" not in mark.text + answer.alt
