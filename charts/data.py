"""The values that are drawn and listed: series over time and tables. Missing is None, never zero."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

Value = str | float | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line over time.

    `times` are epoch seconds (UTC) at which each bucket starts, strictly rising; `values[i]` belongs to `times[i]` and is a
    finite number or None where the source had nothing; `step_s` is the width of a bucket in seconds (0: not known).
    """

    name: str
    times: tuple[float, ...] = ()
    values: tuple[float | None, ...] = ()
    unit: str = ""
    step_s: float = 0.0

    def known(self) -> tuple[tuple[float, float], ...]:
        """(time, value) of every point that has a value."""
        return tuple((time, value) for time, value in zip(self.times, self.values, strict=True) if value is not None)

    def __bool__(self) -> bool:
        """Whether there is anything to draw: at least one value."""
        return any(value is not None for value in self.values)

    def total(self) -> float | None:
        """The sum of all values; None when there is none."""
        values = [value for value in self.values if value is not None]
        return sum(values) if values else None

    def mean(self) -> float | None:
        """The mean of all values; None when there is none."""
        values = [value for value in self.values if value is not None]
        return sum(values) / len(values) if values else None

    def last(self) -> float | None:
        """The newest value; None when there is none."""
        return next((value for value in reversed(self.values) if value is not None), None)

    def at(self, time: float) -> float | None:
        """The value of the bucket that covers `time` (epoch seconds), or None."""
        index = bisect_right(self.times, time) - 1
        if index < 0 or (self.step_s and time >= self.times[index] + self.step_s):
            return None
        return self.values[index]


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its heading and what stands in it ("text", "count", "%", "change" in %, "points", "ms", "s")."""

    title: str
    unit: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values (numbers unrounded, None for unknown); whoever shows them formats by each column's unit.

    `until` is the time (epoch seconds) up to which the source has everything it will say something about; None: it has no such
    limit. `notes` are what the source says about its data ("3 unreadable lines in …"), fit for small print.
    """

    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = field(default=())
    until: float | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers by row and by time, for a heatmap: `values[row][bucket]` is None where there is nothing.

    `times` are epoch seconds at which each bucket starts, `step_s` its width; `counts[row][bucket]` is how many things the
    value is made of, None where there were none: an empty cell is empty, not zero.
    """

    rows: tuple[str, ...] = ()
    times: tuple[float, ...] = ()
    step_s: float = 0.0
    values: tuple[tuple[float | None, ...], ...] = ()
    counts: tuple[tuple[float | None, ...], ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to draw: at least one value."""
        return any(value is not None for row in self.values for value in row)
