"""What is wrong with the text of a rule's query, as far as it shows before its source is asked. Each check raises Misfit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.alerts import log_text, metric_text
from bot.config import FIELDS, METRICS
from bot.shapes import Misfit, meant, shown

LONGEST = 5_000  # characters
TIMES = ("start", "end", "before", "from", "step")  # what Elasticsearch's queries know besides the fields
SCOPE = "scope"  # what Datadog's know besides the metrics

DOLLAR = re.compile(r"\$(\w*)")
BRACES = re.compile(r"(\bby\s*)?\{([^{}]*)\}")
PERCENTILE = re.compile(r"\bp\d{1,2}(?:\.\d+)?:")
PARTS = ("namespace", "metric", "stat", "dimensions")  # of CloudWatch's queries
NAMESPACE = re.compile(r"[0-9A-Za-z._/#:-]{1,255}")
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum", "IQM")
STATISTIC = re.compile(
    rf"{'|'.join(STATISTICS)}|(?:p|tm|tc|ts|wm)\d{{1,3}}(?:\.\d{{1,10}})?|(?:TM|TC|TS|WM|PR)\([\d.%]*:[\d.%]*\)"
)


@dataclass(frozen=True, slots=True)
class Language:
    """What a source can be asked for a rule: how its numbers are judged, which options there are, and what its text looks like.

    `options` names what each may be; () is any text. `check` looks at a text, asked as "value" or "last", for that measure.
    """

    measures: tuple[str, ...]
    options: Mapping[str, tuple[str, ...]]
    check: Callable[[str, str, str], None]


def datadog(text: str, measure: str, _: str) -> None:
    """A metric query: every selection within the asked environment, every `$name` a metric."""
    for name in DOLLAR.findall(text):
        _known(name, (SCOPE, *METRICS))
    if any(text.count(opening) != text.count(closing) for opening, closing in ("()", "{}")):
        raise Misfit("has brackets that do not match")
    selections = [inside for by, inside in BRACES.findall(text) if not by]
    if not selections or not all(f"${SCOPE}" in inside for inside in selections):
        raise Misfit("must select by {$scope}, which is the environment, wherever it names a metric")
    metric_text.fitting(text)
    if measure in {"mean", "sum"} and PERCENTILE.search(text):
        raise Misfit('asks a percentile, which cannot be averaged or added up; measure = "last" takes the newest')


def elastic(text: str, _: str, part: str) -> None:
    """One aggregation in JSON, every `$name` a field or a time, with the column that its part is judged by."""
    tree = _object(text)
    for name in _names(tree):
        _known(name, (*FIELDS, *TIMES))
    match [*tree.values()]:
        case [{"aggs": {"lag": {"percentiles": {"percents": list(percents)}}}}] if part == "value" and 95 in percents:
            log_text.fitting(*tree.values())
        case [{"aggs": {"at": {"max": dict()}}}] if part == "last":
            log_text.fitting(*tree.values())
        case _:
            needed = '"lag", percentiles with the percent 95' if part == "value" else '"at", the max of a time'
            raise Misfit(f"must be one aggregation with {needed} in its aggs")


def cloudwatch(text: str, *_: str) -> None:
    """One metric in JSON."""
    tree = _object(text)
    for key in tree:
        if key not in PARTS:
            raise Misfit(f"has {shown(key)}, which is none of {', '.join(PARTS)}{meant(key, PARTS)}")
    if not all(isinstance(tree.get(key), str) for key in ("namespace", "metric", "stat")):
        raise Misfit('must name "namespace", "metric" and "stat" as texts')
    if not STATISTIC.fullmatch(tree["stat"]):
        near = meant(tree["stat"], STATISTICS)
        raise Misfit(
            f"asks the statistic {shown(tree['stat'])}, which is none of {', '.join(STATISTICS)}, p95 and their like{near}"
        )
    if not NAMESPACE.fullmatch(tree["namespace"]) or not 1 <= len(tree["metric"]) <= 255:
        raise Misfit("names a namespace or a metric as CloudWatch has none")
    dimensions = tree.get("dimensions", {})
    if not isinstance(dimensions, dict) or not all(isinstance(value, str) and value for value in dimensions.values()):
        raise Misfit('"dimensions" must be an object of texts')
    if len(dimensions) > 30:
        raise Misfit('"dimensions" are more than the 30 that a metric can have')
    for name in _names(tree):
        _known(name, ("queue",))


LINES = ("mean", "sum", "last")  # how lines are judged: what comes in buckets
LANGUAGES: Mapping[str, Language] = {
    "datadog": Language(LINES, {"rate": ("percent",), "fill": ("zero",), "unit": ()}, datadog),
    "elastic": Language(("lag",), {"kind": ()}, elastic),
    "cloudwatch": Language(LINES, {"unit": ()}, cloudwatch),
}


def query_text(text: str) -> str:
    """The shape of any query's text."""
    if not text.strip() or len(text) > LONGEST or not text.replace("\n", "").replace("\t", "").isprintable():
        raise Misfit(f"must be a query of 1 to {LONGEST:,} characters")
    return text.strip()


def options(value: object) -> Mapping[str, str]:
    """The shape of a query's options."""
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise Misfit('must be texts by name, like { fill = "zero" }')
    return value


def wrong_options(source: str, given: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with options for this source, all of it."""
    known = LANGUAGES[source].options
    for name, value in given.items():
        if name not in known:
            yield f"{source} has no option {shown(name)}; there are {', '.join(known)}"
        elif known[name] and value not in known[name]:
            yield f"{name} can only be {' or '.join(known[name])}, not {shown(value)}"
        elif not value.isprintable():
            yield f"{name} must be a text of one line"


def _known(name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise Misfit(f"names {shown(f'${name}')}, which nothing stands for{meant(f'${name}', [f'${each}' for each in names])}")


def _object(text: str) -> dict[str, Any]:
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        raise Misfit(f"is not JSON: {error.msg} (line {error.lineno} of the query, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise Misfit("is not JSON: it holds a number that is too long, or too many levels") from None
    if not isinstance(tree, dict):
        raise Misfit("must be a JSON object")
    return tree


def _names(tree: Any) -> Iterator[str]:
    """Every `$name` that stands for a whole text or key."""
    match tree:
        case dict():
            for key, value in tree.items():
                yield from _names(key)
                yield from _names(value)
        case list():
            for each in tree:
                yield from _names(each)
        case str() if name := DOLLAR.fullmatch(tree):
            yield name[1]
