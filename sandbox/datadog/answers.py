"""Datadog's v2 metric answers: what a request asks for, evaluated and put into the vendor's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sandbox.datadog.query import Expression, Name, QueryError, parse_formula, parse_query
from sandbox.datadog.rollup import Groups, Span
from sandbox.datadog.values import Evaluation, Line, Numbers
from sandbox.world import World

Body = Mapping[str, Any]

_AGGREGATORS = ("avg", "mean", "min", "max", "sum", "last", "percentile")
_RETENTION_MS = 456 * 86_400_000  # fifteen months
_PERCENT = {"family": "percentage", "id": 17, "name": "percent", "short_name": "%", "plural": "percent", "scale_factor": 1.0}


def timeseries(world: World, body: Body, *, holey: bool = False) -> dict[str, Any]:
    """`data` of the answer to a timeseries request; `holey` leaves nulls in it. Raises QueryError."""
    asked = _attributes(body, "timeseries_request")
    evaluation = Evaluation(world, _span(world, asked), _queries(asked))
    found = [
        (index, groups, line)
        for index, wanted in enumerate(_wanted(asked))
        for groups, line in sorted(evaluation.lines(wanted).items(), key=lambda item: item[0])
        if not np.isnan(line.values).all()
    ]
    values = np.array([line.values for _, _, line in found]).reshape(len(found), len(evaluation.times))
    there = ~np.isnan(values).all(axis=0)
    if holey:
        values[:, ::3] = np.nan
    attributes = {
        "series": [{"group_tags": list(groups), "query_index": index, "unit": _unit(line)} for index, groups, line in found],
        "times": evaluation.times[there].tolist(),
        "values": values[:, there].tolist(),
    }
    return {"id": "0", "type": "timeseries_response", "attributes": attributes}


def numbers(world: World, body: Body, *, holey: bool = False) -> dict[str, Any]:
    """`data` of the answer to a scalar request; `holey` makes its numbers null. Raises QueryError."""
    asked = _attributes(body, "scalar_request")
    queries = _queries(asked)
    aggregators = dict(zip(queries, (_aggregator(query) for query in asked["queries"]), strict=True))
    evaluation = Numbers(Evaluation(world, _span(world, asked), queries), aggregators)
    found = [(title, evaluation.lines(wanted)) for title, wanted in zip(_titles(asked), _wanted(asked), strict=True)]
    return {"type": "scalar_response", "attributes": {"columns": _columns(found, holey=holey)}}


def _columns(found: list[tuple[str, Mapping[Groups, Line]]], *, holey: bool) -> list[dict[str, Any]]:
    """A column of values for each formula, before them one for each tag that is grouped by."""
    rows = sorted({groups for _, lines in found for groups in lines})
    tags = [tag.partition(":")[0] for tag in (rows[0] if rows else ())]
    columns: list[dict[str, Any]] = [
        {"name": tag, "type": "group", "values": [[row[place].partition(":")[2]] for row in rows]}
        for place, tag in enumerate(tags)
    ]
    for title, lines in found:
        values = [None if holey or row not in lines else _plain(float(lines[row].values[0])) for row in rows]
        unit = next((_unit(line) for line in lines.values()), None)
        columns.append({"name": title, "type": "number", "values": values, "meta": {"unit": unit}})
    return columns


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value


def _unit(line: Line) -> list[Any] | None:
    return [_PERCENT, None] if line.unit == "percent" else None


def _attributes(body: Body, wanted: str) -> Body:
    data = body.get("data")
    if not isinstance(data, dict) or data.get("type") != wanted:
        raise QueryError(f'API input validation failed: Invalid type. Expected "{wanted}".')
    attributes = data.get("attributes")
    if not isinstance(attributes, dict):
        raise QueryError("API input validation failed: attributes is missing.")
    return attributes


def _span(world: World, asked: Body) -> Span:
    start, end, interval = asked.get("from"), asked.get("to"), asked.get("interval") or 0
    if not isinstance(start, int) or not isinstance(end, int) or not isinstance(interval, int) or interval < 0:
        raise QueryError("API input validation failed: from, to and interval must be integers in milliseconds.")
    if start >= end:
        raise QueryError("API input validation failed: from must be before to.")
    now_ms = world.now_ms()
    if end < now_ms - _RETENTION_MS:
        raise QueryError("Queries ending outside the retention date are invalid")
    return Span(max(start, now_ms - _RETENTION_MS), min(end, now_ms + _RETENTION_MS), interval)


def _queries(asked: Body) -> dict[str, Expression]:
    """The queries by name; one without a name can only be asked for as it is."""
    queries = asked.get("queries")
    if not isinstance(queries, list) or not queries or not all(isinstance(query, dict) for query in queries):
        raise QueryError("API input validation failed: queries must be a list of at least one query.")
    if foreign := [query.get("data_source") for query in queries if query.get("data_source") != "metrics"]:
        raise QueryError(f"API input validation failed: data source {foreign[0]} is not supported.")
    named = {_name(index, query): parse_query(str(query.get("query", ""))) for index, query in enumerate(queries)}
    if len(named) < len(queries):
        raise QueryError("API input validation failed: query names must be unique.")
    return named


def _name(index: int, query: Body) -> str:
    return str(query.get("name") or f"query{index}")


def _wanted(asked: Body) -> list[Expression]:
    """The formulas when there are any: they stand in for the queries; else the queries themselves."""
    formulas = _formulas(asked)
    if formulas:
        return [parse_formula(formula) for formula in formulas]
    return [Name(_name(index, query)) for index, query in enumerate(asked["queries"])]


def _titles(asked: Body) -> list[str]:
    return _formulas(asked) or [_name(index, query) for index, query in enumerate(asked["queries"])]


def _formulas(asked: Body) -> list[str]:
    formulas = asked.get("formulas") or []
    if not isinstance(formulas, list) or not all(isinstance(each, dict) and "formula" in each for each in formulas):
        raise QueryError("API input validation failed: formulas must be a list of formulas.")
    return [str(each["formula"]) for each in formulas]


def _aggregator(query: Body) -> str:
    aggregator = query.get("aggregator")
    if aggregator not in _AGGREGATORS:
        raise QueryError(f"API input validation failed: aggregator must be one of {', '.join(_AGGREGATORS)}.")
    return str(aggregator)
