"""An answer as one Slack message, within Slack's limits for any data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answer import Answer
from bot.ports import Link
from bot.slack.messages import Block, Message, answer_message, further_tables
from bot.slack.text import size
from charts.data import Column, Table
from charts.spec import Picture
from commands.args import Ask, Window
from commands.panel import Gap, TitledTable

END = datetime(2026, 11, 22, 13, tzinfo=UTC)
WINDOW = Window(END - timedelta(hours=6), END, timedelta(minutes=1), "Europe/Berlin", "last 6 h", "6h")
BEFORE = replace(WINDOW, start=WINDOW.start - timedelta(days=1), end=END - timedelta(days=1), words="yesterday")
REASONS = TitledTable(
    "Top failure reasons",
    Table(
        (Column("Reason"), Column("Count", "count"), Column("Share", "%")),
        (("do_not_honor", 1412.0, 34.271), ("lost_card", None, 5.0)),
    ),
    "24 h to 14:00",
)
ANSWER = Answer(
    ask=Ask("checkout", WINDOW, "prod"),
    title="Checkout health",
    owner="Commerce Backend",
    headline="Checkout success is 94.1 %, below the 97 % target since 13:40.",
    reference="1a2b3c4d",
    facts=("Success rate: 94.1 %", "Sessions: 412 active"),
    alt="Success rate fell from 98 % to 94.1 %.",
    tables=(REASONS, replace(REASONS, title="Second")),
    gaps=(Gap("Elasticsearch", "did not answer in 8 s", ("failure reasons",)),),
    links=(Link("Datadog", "https://app.datadoghq.com/x?a=1&b=2"),),
)
FILE = "F0123ABCDE"


def texts(part: object) -> Iterator[str]:
    """Every text anywhere in a block."""
    if isinstance(part, str):
        yield part
    if isinstance(part, dict):
        part = [inner for key, inner in part.items() if key != "type"]
    for inner in part if isinstance(part, list | tuple) else ():
        yield from texts(inner)


def of_type(message: Message, kind: str) -> list[Block]:
    return [block for block in message.blocks if block["type"] == kind]


def buttons(message: Message) -> dict[str, Any]:
    return {element["action_id"]: element for block in of_type(message, "actions") for element in block["elements"]}


def test_the_message_reads_from_headline_to_buttons() -> None:
    """Headline, picture, table, gaps, links, context and buttons stand in the order in which they are wanted."""
    message = answer_message(ANSWER, FILE)
    kinds = ["section", "image", "section", "table", "context", "section", "section", "context", "actions"]
    assert [block["type"] for block in message.blocks] == kinds


def test_the_notification_is_the_headline() -> None:
    """Who reads only the notification knows what matters."""
    message = answer_message(ANSWER, FILE)
    assert message.text == ANSWER.headline
    assert message.blocks[0]["text"]["text"] == f"*{ANSWER.headline}*"


def test_the_picture_has_its_alt_text() -> None:
    """Who cannot see the picture hears its data."""
    (image,) = of_type(answer_message(ANSWER, FILE), "image")
    assert (image["slack_file"], image["alt_text"]) == ({"id": FILE}, ANSWER.alt)


def test_without_a_picture_the_facts_are_told() -> None:
    """A picture that failed is replaced by its numbers, and the message says so."""
    message = answer_message(replace(ANSWER, picture_fault="The picture could not be drawn in 5 s."))
    said = "\n".join(texts(message.blocks))
    assert "• Success rate: 94.1 %\n• Sessions: 412 active" in said
    assert "The picture could not be drawn in 5 s." in said
    assert not of_type(message, "image")


def test_a_picture_that_is_missing_without_a_reason_is_named_too() -> None:
    """Nobody wonders where the picture is."""
    picture = Picture("Checkout", (), 0, 1, "UTC", "")
    assert "The picture could not be shown here." in texts(answer_message(replace(ANSWER, picture=picture)).blocks)


def test_the_first_table_is_a_slack_table() -> None:
    """Figures are formatted by their unit, numbers stand to the right, what is missing says so."""
    (table,) = of_type(answer_message(ANSWER, FILE), "table")
    rows = [[cell["text"].replace("\u00a0", " ") for cell in row] for row in table["rows"]]
    assert rows == [["Reason", "Count", "Share"], ["do_not_honor", "1,412", "34.3 %"], ["lost_card", "no data", "5 %"]]
    assert [column.get("align") for column in table["column_settings"]] == [None, "right", "right"]


def test_further_tables_are_messages_of_their_own() -> None:
    """Slack takes one table in a message; the others go into the thread."""
    (second,) = further_tables(ANSWER)
    assert second.text == "Second"
    assert len(of_type(second, "table")) == 1


def test_a_long_table_says_what_it_leaves_out() -> None:
    """Nobody takes the first hundred rows for all."""
    rows = tuple((f"code_{number}", 1.0, 1.0) for number in range(250))
    message = answer_message(replace(ANSWER, tables=(replace(REASONS, table=replace(REASONS.table, rows=rows)),)), FILE)
    assert len(of_type(message, "table")[0]["rows"]) == 100
    assert "The first 99 of 250 rows; the CSV has them all." in texts(message.blocks)


def test_an_empty_table_says_so() -> None:
    """No rows are said in words: Slack refuses an empty table."""
    empty = replace(REASONS, table=Table(REASONS.table.columns))
    assert "*Top failure reasons*: nothing in this range." in texts(answer_message(replace(ANSWER, tables=(empty,)), FILE).blocks)


def test_gaps_are_named() -> None:
    """The answer says which source is missing and what with it."""
    assert "⚠︎ Elasticsearch did not answer in 8 s; missing here: failure reasons." in texts(answer_message(ANSWER).blocks)


def test_links_are_live_only_where_they_are_addresses() -> None:
    """Our own links work; one that is no web address, or would break out of its brackets, is left out."""
    bad = (Link("x", "javascript:alert(1)"), Link("y", "https://a|b"), Link("z", "https://a> <!channel"), Link("w", "https://["))
    said = "\n".join(texts(answer_message(replace(ANSWER, links=(*ANSWER.links, *bad)), FILE).blocks))
    assert re.findall(r"<[^>]*>", said) == ["<https://app.datadoghq.com/x?a=1&amp;b=2|Datadog>"]


def test_the_csv_is_linked_once_it_is_shared() -> None:
    """The link to the thread's file stands before the vendors' links."""
    said = "\n".join(texts(answer_message(ANSWER, FILE, csv_link="https://slack.example/p1").blocks))
    assert "The same data: <https://slack.example/p1|CSV in the thread> · <https://app" in said


def test_the_context_names_range_zone_environment_owner_and_reference() -> None:
    """A message that is read a day later still says what it shows."""
    place = answer_message(replace(ANSWER, ask=replace(ANSWER.ask, against=BEFORE)), FILE).blocks[-2]["elements"][0]["text"]
    assert place == (
        "Checkout health · last 6 h: Sun 22 Nov 08:00 to 14:00 · as of 14:00 Europe/Berlin · compared with yesterday · env prod"
        " · Commerce Backend · reference 1a2b3c4d"
    )


def test_a_notice_is_shown_small_under_the_headline() -> None:
    """Why this copy is private is said where it is read, and is not live."""
    assert answer_message(ANSWER, notice="not in <#C1>").blocks[1]["elements"][0]["text"] == "not in &lt;\u2060#C1&gt;"


def test_every_button_carries_the_question() -> None:
    """A press can be answered from the button alone, whatever was restarted since."""
    found = buttons(answer_message(ANSWER, FILE))
    assert list(found) == ["answer.refresh", "answer.range.narrower", "answer.range.wider", "answer.compare", "answer.csv"]
    assert {json.loads(button["value"])["only_me"] for button in found.values()} == {False}


def test_a_private_answer_offers_no_file() -> None:
    """Its other buttons keep it private; a file would be seen by the whole channel."""
    found = buttons(answer_message(ANSWER, FILE, only_me=True))
    assert list(found) == ["answer.refresh", "answer.range.narrower", "answer.range.wider", "answer.compare"]
    assert {json.loads(button["value"])["only_me"] for button in found.values()} == {True}


def test_the_comparison_can_be_taken_back() -> None:
    """The button offers what is not shown."""
    compared = replace(ANSWER, ask=replace(ANSWER.ask, against=BEFORE))
    labels = [buttons(answer_message(answer))["answer.compare"]["text"]["text"] for answer in (ANSWER, compared)]
    assert labels == ["vs last week", "Without comparison"]


HOSTILE = st.sampled_from(
    [
        "<!channel>",
        "<@U0123ABCD>",
        "<#C0123ABCD|x>",
        "<http://evil.example|pay>",
        "https://evil.example",
        "@here",
        "👩‍👩‍👧‍👦" * 9,
        "&" * 99,
        "=1+1",
    ]
)
WORDS = st.lists(HOSTILE | st.text(max_size=20), max_size=6).map("".join) | st.builds(str.__mul__, HOSTILE, st.just(250))
VALUES = st.none() | st.floats() | WORDS


@st.composite
def tables(draw: st.DrawFn) -> TitledTable:
    width = draw(st.integers(0, 30))
    columns = tuple(Column(draw(WORDS), draw(st.sampled_from(["text", "count", "%", "s"]))) for _ in range(width))
    row = tuple(draw(VALUES) for _ in range(draw(st.integers(0, width))))
    return TitledTable(draw(WORDS), Table(columns, (row,) * draw(st.sampled_from([0, 1, 5, 300]))), draw(WORDS))


def several(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return st.builds(tuple.__mul__, st.lists(strategy, max_size=3).map(tuple), st.integers(1, most))


ANSWERS = st.builds(
    Answer,
    ask=st.builds(
        Ask, WORDS, st.builds(replace, st.just(WINDOW), words=WORDS, text=WORDS), WORDS, st.sampled_from([None, BEFORE])
    ),
    title=WORDS,
    owner=WORDS,
    headline=WORDS,
    reference=WORDS,
    facts=several(WORDS, 9),
    picture_fault=WORDS,
    alt=WORDS,
    tables=several(tables(), 1),
    gaps=several(st.builds(Gap, WORDS, WORDS, several(WORDS)), 5),
    links=several(
        st.builds(Link, WORDS, st.sampled_from(["https://a.example/", "https://a.example/" + "x" * 2_300]) | WORDS), 20
    ),
)
LIVE = re.compile(r"<[!@#]|<(?!https?://)\w+:|(?<!<)https?://|@(?:channel|here|everyone)\b")


def over_limit(block: Block) -> bool:
    """Whether Slack would refuse the block for its lengths."""
    match block:
        case {"type": "section", "text": {"text": text}}:
            return not 1 <= size(text) <= 3_000
        case {"type": "context", "elements": elements}:
            return any(not 1 <= size(element["text"]) <= 2_000 for element in elements) or len(elements) > 10
        case {"type": "image", "alt_text": alt}:
            return not 1 <= size(alt) <= 2_000
        case {"type": "table", "rows": rows}:
            too_many = not 1 <= len(rows) <= 100 or any(not 1 <= len(row) <= 20 for row in rows)
            return too_many or len({len(row) for row in rows}) > 1 or any(not cell["text"] for row in rows for cell in row)
        case {"type": "actions", "elements": elements}:
            return any(size(element["value"]) > 2_000 or size(element["text"]["text"]) > 75 for element in elements)
    return True


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.sampled_from(["", FILE]), WORDS)
def test_any_answer_keeps_slacks_limits_and_is_not_live(answer: Answer, file_id: str, notice: str) -> None:
    """Whatever the data are, Slack takes the message, and nothing in it that came from data comes alive."""
    message = answer_message(answer, file_id, notice=notice, csv_link="https://slack.example/p")
    for sent in (message, *further_tables(answer)):
        assert sum(size(text) for block in sent.blocks for text in texts(block)) < 12_000
        assert len(sent.blocks) <= 50
        assert len(of_type(sent, "table")) <= 1
        assert not [block for block in sent.blocks if over_limit(block)]
        assert 1 <= size(sent.text) <= 3_000
        assert not [text for block in sent.blocks if block["type"] != "actions" for text in texts(block) if LIVE.search(text)]
