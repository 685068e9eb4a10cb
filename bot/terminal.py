"""An answer without Slack: as plain text for a terminal, and as JSON for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.answer import Answer
from bot.slack.text import masked
from charts.data import Column, Value
from commands.args import Window
from commands.panel import TitledTable
from commands.words import figure, span

Json = dict[str, Any]


def empty(answer: Answer) -> bool:
    """Whether nothing at all could be answered: sources are missing, and no table and no line has a value."""
    charts = answer.picture.charts if answer.picture else ()
    drawn = any(line.series for chart in charts for line in chart.lines() if line.role != "before")
    return bool(answer.gaps) and not drawn and not answer.tables


def plain_text(answer: Answer) -> str:
    """The headline, the panels' numbers, the tables, what is missing, and where to look further. No colours."""
    window = answer.ask.window
    rows = [
        answer.headline,
        *(f"  {fact}" for fact in answer.facts),
        *(line for table in answer.tables for line in ("", *table_lines(table))),
        "",
        *(f"Missing: {gap.sentence()}" for gap in answer.gaps),
        *([answer.picture_fault] if answer.picture_fault else ()),
        *(f"{link.title}: {link.url}" for link in answer.links),
        f"{span(window.start, window.end, window.zone)} {window.zone}, {answer.ask.env}; "
        f"{answer.owner}; reference {answer.reference}",
    ]
    return masked("\n".join(rows))


def table_lines(titled: TitledTable) -> list[str]:
    """A table as aligned lines under its title; numbers stand to the right."""
    columns = titled.table.columns
    cells = [[column.title for column in columns]]
    cells += [[figure(value, column.unit) for value, column in zip(row, columns, strict=True)] for row in titled.table.rows]
    return [titled.title, *(f"  {line}" for line in aligned(cells, columns)), *([f"  {titled.note}"] if titled.note else ())]


def aligned(cells: Sequence[Sequence[str]], columns: Sequence[Column]) -> list[str]:
    widths = [max(len(row[number]) for row in cells) for number in range(len(columns))]
    return [
        "  ".join(
            cell.ljust(width) if column.unit == "text" else cell.rjust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ).rstrip()
        for row in cells
    ]


def as_json(answer: Answer) -> Json:
    """The answer as values, in a shape that is only ever added to. What is unknown is null.

    `window` has ISO 8601 in UTC; `series` holds every line of the picture, times in epoch seconds; `tables` has raw numbers,
    their units in `columns`.
    """
    return {
        "section": answer.ask.section,
        "title": answer.title,
        "owner": answer.owner,
        "env": answer.ask.env,
        "window": window_json(answer.ask.window),
        "against": window_json(answer.ask.against) if answer.ask.against else None,
        "headline": masked(answer.headline),
        "facts": [masked(fact) for fact in answer.facts],
        "alt": masked(answer.alt),
        "series": series_json(answer),
        "tables": [table_json(table) for table in answer.tables],
        "gaps": [{"source": gap.source, "said": gap.said, "missing": list(gap.missing)} for gap in answer.gaps],
        "links": [{"title": link.title, "url": link.url} for link in answer.links],
        "picture_fault": answer.picture_fault,
        "reference": answer.reference,
        "took_s": round(answer.took_s, 3),
    }


def window_json(window: Window) -> Json:
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "step_s": window.step.total_seconds(),
        "zone": window.zone,
        "words": window.words,
    }


def series_json(answer: Answer) -> list[Json]:
    return [
        {
            "panel": chart.title,
            "label": line.label,
            "role": line.role,
            "unit": chart.unit,
            "times": list(line.series.times),
            "values": list(line.series.values),
        }
        for chart in (answer.picture.charts if answer.picture else ())
        for line in chart.lines()
    ]


def table_json(titled: TitledTable) -> Json:
    return {
        "title": titled.title,
        "columns": [{"title": column.title, "unit": column.unit} for column in titled.table.columns],
        "rows": [[safe(value) for value in row] for row in titled.table.rows],
        "note": titled.note,
    }


def safe(value: Value) -> Value:
    return masked(value) if isinstance(value, str) else value
