"""From an ask to an answer: every source at once, then words and panels from what came back."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot.config import Answers as Settings
from bot.observe import Metrics, reference
from bot.ports import Answers, Kind, Link, Source, SourceError
from bot.rendering import DrawingFailed
from bot.slack.text import masked
from bot.sources import REGISTER, TITLES
from bot.work import Bulkheads, SingleFlight, gather
from charts.alt import describe
from charts.data import Table
from charts.spec import Chart, Mark, Picture
from commands import SECTIONS
from commands.args import Ask, Window
from commands.clock import present
from commands.panel import Data, Found, Gap, Query, Section, TitledTable
from commands.window import last
from commands.words import span

DRAWING_S = 5.0  # a warm picture takes a twentieth of a second; a child that needs this long hangs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in reply to an ask.

    `picture` is what was to be drawn (None: nothing to draw) and `image` its PNG, None when it could not be drawn, with the
    reason in `picture_fault`. `facts` are the panels' numbers in words, for those who cannot see the picture. `reference` is
    eight hexadecimal digits that also stand in the logs. `took_s` is how long sources and drawing took.
    """

    ask: Ask
    title: str
    owner: str
    headline: str
    reference: str
    facts: tuple[str, ...] = ()
    picture: Picture | None = None
    image: bytes | None = None
    alt: str = ""
    picture_fault: str = ""
    tables: tuple[TitledTable, ...] = ()
    gaps: tuple[Gap, ...] = ()
    links: tuple[Link, ...] = ()
    took_s: float = 0.0


class Draws(Protocol):
    """Makes PNGs; raises DrawingFailed."""

    def draw(self, picture: Picture, theme: str, timeout_s: float) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One request to one source: the queries it carries, and the window they are asked for. Equal only to itself."""

    source: str
    window: Window
    queries: Mapping[str, Query]
    compared: bool = False

    @property
    def title(self) -> str:
        return TITLES[self.source]


class Analyst:
    """Answers asks. Threads may call it at once; equal asks in flight share one run."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        renderer: Draws,
        settings: Settings,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._renderer = renderer
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._bulkheads = Bulkheads(waiting=2 * settings.at_once)  # an ask with a comparison calls each source twice
        self._flights: SingleFlight[Ask, Answer] = SingleFlight()
        self._awaited: dict[Ask, set[Call]] = {}

    def also(self, name: str, source: Source) -> None:
        """From now on this source is asked, too: one that is made of parts which need the analyst themselves."""
        self._sources = {**self._sources, name: source}

    def patient(self, deadline_s: float) -> Analyst:
        """The same for whoever can wait so long for the sources: nobody sits before an answer that is made by the clock."""
        other = copy(self)
        other._settings = replace(self._settings, deadline_s=deadline_s)
        other._flights = SingleFlight()
        return other

    def answer(self, ask: Ask, section: Section | None = None) -> Answer:
        """The answer, by the deadline of the settings plus the time to draw. Sources that fail become gaps.

        `section` is one that nobody can ask by name; `ask.section` then names it alone.
        """
        asked = section or SECTIONS[ask.section]
        return self._flights.run(ask, partial(self._answer, ask, asked), timeout_s=self._settings.deadline_s + 2 * DRAWING_S)

    def found(self, ask: Ask) -> Data:
        """What the sources gave to an ask, for whoever tells it in several zones; with the deadline and gaps of an answer."""
        with reference(secrets.token_hex(4)):
            return self._ask_sources(SECTIONS[ask.section], ask)

    def told(self, ask: Ask, data: Data) -> Answer:
        """What was found in words and tables, its times in the ask's zone; the picture is not drawn yet."""
        section = SECTIONS[ask.section]
        return composed(section, ask, data, self._links(section, ask), secrets.token_hex(4))

    def themed(self, answer: Answer, theme: str) -> Answer:
        """The same answer with its picture drawn in that theme; "" is the settings' own."""
        if theme in ("", self._settings.theme) and (answer.image or answer.picture_fault):
            return answer
        return self._draw(replace(answer, image=None, picture_fault=""), theme)

    def table(self, query: Query, env: str, now: datetime) -> Table | str:
        """The answer to one question that belongs to no section and to no range, or in words why there is none."""
        return self.asked(query, last(timedelta(hours=1), present(now, "UTC")), env)

    def asked(self, query: Query, window: Window, env: str) -> Table | str:
        """The answer to one question about a window, or in words why there is none."""
        call = Call(query.source, window, {"asked": query})
        if query.source not in self._sources:
            return f"{call.title} is not configured: it {REGISTER[query.source].needs}."
        results = gather(
            {0: lambda left_s: self._sources[call.source].fetch(call.queries, call.window, env, left_s)},
            self._bulkheads,
            lambda _: call.source,
            deadline_s=self._settings.deadline_s,
        )
        outcome = results[0]
        found = outcome if isinstance(outcome, Exception) else outcome.get("asked", Table())
        if isinstance(found, Exception):
            self._note(call, found)
            return f"{call.title} {self._said(found)}."
        return found if isinstance(found, Table) else Table()

    def awaited(self, ask: Ask) -> tuple[str, ...]:
        """The titles of the sources that have not answered this ask yet."""
        return tuple(sorted({call.title for call in tuple(self._awaited.get(ask, ()))}))

    def stop(self) -> None:
        """Lets go of the threads; what they still wait for is bounded by each client's own limits."""
        self._bulkheads.stop()

    def _answer(self, ask: Ask, section: Section) -> Answer:
        start = self._clock()
        with reference(secrets.token_hex(4)) as known_as:
            data = self._ask_sources(section, ask)
            answer = self._draw(composed(section, ask, data, self._links(section, ask), known_as))
            took_s = self._clock() - start
            log.info("answered", extra={"section": ask.section, "gaps": len(answer.gaps), "took_s": round(took_s, 3)})
            self._metrics.answer(ask.section, took_s)
            return replace(answer, took_s=took_s)

    def _ask_sources(self, section: Section, ask: Ask) -> Data:
        calls = calls_for(section, ask)
        missing = [call for call in calls if call.source not in self._sources]
        started = [call for call in calls if call.source in self._sources]
        awaited = self._awaited[ask] = set(started)
        try:
            results = gather(
                {number: partial(self._fetch, ask, call, awaited) for number, call in enumerate(started)},
                self._bulkheads,
                lambda number: started[number].source,
                deadline_s=self._settings.deadline_s,
            )
        finally:
            self._awaited.pop(ask, None)
        outcomes = [(call, results[number]) for number, call in enumerate(started)]
        outcomes += [(call, SourceError("is not configured", "not_configured")) for call in missing]
        return self._put_together(section, ask, outcomes)

    def _fetch(self, ask: Ask, call: Call, awaited: set[Call], left_s: float) -> Answers:
        start = self._clock()
        try:
            return once_each(call.queries, partial(self._fetch_from, ask, call, left_s))
        finally:
            self._metrics.source(call.source, self._clock() - start)
            awaited.discard(call)

    def _fetch_from(self, ask: Ask, call: Call, left_s: float, queries: Mapping[str, Query]) -> Answers:
        return self._sources[call.source].fetch(queries, call.window, ask.env, left_s)

    def _put_together(self, section: Section, ask: Ask, outcomes: list[tuple[Call, Answers | Exception]]) -> Data:
        found: dict[str, Found] = {}
        before: dict[str, Found] = {}
        gaps: list[Gap] = []
        faults: dict[str, str] = {}
        for call, error in failures(outcomes):
            self._note(call, error)
            gap = self._gap(section, ask, call, error)
            gaps.append(gap)
            faults |= {} if call.compared else dict.fromkeys(call.queries, f"{gap.source} {gap.said}")
        for call, outcome in outcomes:
            if not isinstance(outcome, Exception):
                answered = {key: part for key, part in outcome.items() if not isinstance(part, SourceError)}
                (before if call.compared else found).update(answered)
        return Data(found, before, merged(gaps), faults, self._settings.limits)

    def _note(self, call: Call, error: Exception) -> None:
        """Counts and logs a call without a usable answer; what is not configured is no fault."""
        kind = kind_of(error)
        self._metrics.gap(call.source, kind)
        if kind != "not_configured":
            log.warning("a source gave no answer", extra={"source": call.source, "kind": kind}, exc_info=kind == "bug" and error)

    def _gap(self, section: Section, ask: Ask, call: Call, error: Exception) -> Gap:
        missing = (
            (f"the comparison with {ask.against.words}",) if call.compared and ask.against else section.lacking(call.queries)
        )
        return Gap(call.title, self._said(error), missing)

    def _said(self, error: Exception) -> str:
        """What was wrong with a source, in words that complete its title."""
        if isinstance(error, SourceError):
            return error.said
        if isinstance(error, TimeoutError):
            return f"did not answer in {self._settings.deadline_s:g} s"
        return "could not be read (a fault of paybot's own, logged)"

    def _links(self, section: Section, ask: Ask) -> tuple[Link, ...]:
        """One link for each source that has one; the parts of one vendor share it."""
        links = (
            self._sources[call.source].link(call.queries, ask) for call in calls_for(section, ask) if call.source in self._sources
        )
        return tuple({link.title: link for link in links if link}.values())

    def _draw(self, answer: Answer, theme: str = "") -> Answer:
        if answer.picture is None:
            return answer
        start = self._clock()
        try:
            image = self._renderer.draw(answer.picture, theme or self._settings.theme, DRAWING_S)
        except DrawingFailed as error:
            self._metrics.render("failed", self._clock() - start)
            return replace(answer, picture_fault=f"The picture {error}.")
        self._metrics.render("ok", self._clock() - start)
        return replace(answer, image=image)


def calls_for(section: Section, ask: Ask) -> tuple[Call, ...]:
    """One call for each source and window: all of a source's queries travel together."""
    queries = section.asked()
    sources = dict.fromkeys(query.source for query in queries.values())
    own = {name: {key: query for key, query in queries.items() if query.source == name} for name in sources}
    calls = [Call(name, ask.window, mine) for name, mine in own.items()]
    if ask.against:
        for name, mine in own.items():
            again = {key: query for key, query in mine.items() if query.compare}
            calls += [Call(name, ask.against, again, compared=True)] if again else []
    return tuple(calls)


def once_each(queries: Mapping[str, Query], fetch: Callable[[Mapping[str, Query]], Answers]) -> Answers:
    """The answers to all queries, of which equal ones are asked once: sections that are asked together share many."""
    first: dict[str, str] = {}
    for key, query in queries.items():
        first.setdefault(repr(query), key)
    answers = fetch({key: queries[key] for key in first.values()})
    return {key: answers[first[repr(query)]] for key, query in queries.items() if first[repr(query)] in answers}


def failures(outcomes: Sequence[tuple[Call, Answers | Exception]]) -> Iterator[tuple[Call, Exception]]:
    """What failed: whole calls, and single queries of those that else succeeded."""
    for call, outcome in outcomes:
        if isinstance(outcome, Exception):
            yield call, outcome
        else:
            for key, part in outcome.items():
                if isinstance(part, SourceError):
                    yield replace(call, queries={key: call.queries[key]}), part


def kind_of(error: Exception) -> Kind:
    if isinstance(error, SourceError):
        return error.kind
    return "timeout" if isinstance(error, TimeoutError) else "bug"


def merged(gaps: list[Gap]) -> tuple[Gap, ...]:
    """Gaps of one source for one reason as one gap that names all that is missing."""
    together: dict[tuple[str, str], Gap] = {}
    for gap in gaps:
        known = together.get((gap.source, gap.said), gap)
        missing = tuple(dict.fromkeys((*known.missing, *gap.missing)))
        together[gap.source, gap.said] = Gap(gap.source, gap.said, missing, known.compared and gap.compared)
    return tuple(together.values())


def composed(section: Section, ask: Ask, data: Data, links: tuple[Link, ...], known_as: str) -> Answer:
    """The answer in words, tables and a picture that is not drawn yet; no picture where no panel has anything to show."""
    parts = [(panel, panel.draw(data, ask)) for panel in section.panels]
    charts = tuple(part for _, part in parts if isinstance(part, Chart))
    lacking = {name for gap in data.gaps for name in gap.missing}
    tables = tuple(part for panel, part in parts if isinstance(part, TitledTable) and (part.table or panel.name not in lacking))
    drawable = any(chart.drawable() for chart in charts)
    picture = picture_of(section, ask, data, charts) if drawable else None
    return Answer(
        ask=ask,
        title=section.title,
        owner=section.owner,
        headline=section.headline(data, ask),
        reference=known_as,
        facts=tuple(fact(chart) for chart in charts),
        picture=picture,
        alt=describe(picture) if picture else "",
        tables=tables,
        gaps=data.gaps,
        links=links,
    )


def picture_of(section: Section, ask: Ask, data: Data, charts: tuple[Chart, ...]) -> Picture:
    """The section's panels on the window's time axis, with what happened meanwhile.

    The environment's name and the marks are what others wrote: masked here, as a picture passes no other way out.
    """
    window = ask.window
    return Picture(
        title=masked(f"{section.title} · {ask.env}"),
        charts=charts,
        start=window.start.timestamp(),
        end=window.end.timestamp(),
        zone=window.zone,
        span=span(window.start, window.end, window.zone),
        compared=ask.against.words if ask.against else "",
        marks=tuple(Mark(mark.at, masked(mark.text)) for mark in section.marks.draw(data, ask)) if section.marks else (),
    )


def fact(chart: Chart) -> str:
    """A panel's number and change in words."""
    return f"{chart.title}: {', '.join(part for part in (chart.number, chart.change) if part) or chart.missing}"
