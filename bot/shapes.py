"""The shapes of settings: each function makes a value of a setting's text, or raises Misfit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")
Shape = Callable[[str], T]

DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)
URL = re.compile(r"[A-Za-z0-9:/?#@._~%!$&'()*+,;=\[\]-]{1,500}")  # RFC 3986; others must be percent-encoded
SHOWN = 60  # characters of a wrong value that are repeated in its fault
LARGEST = 1e15  # of a number; whole numbers up to here are exact


class Misfit(Exception):
    """A value has not the shape of its setting: completes "<NAME>: …", on one line, and never repeats a secret."""


def shown(value: object) -> str:
    """A wrong value as it is repeated to the operator: quoted, on one line, bounded."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value))
    return f'"{text[:SHOWN]}…"' if len(text) > SHOWN else f'"{text}"'


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a fault that names the nearest right word ('; did you mean "datadoghq.eu"?'), empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - a tenth of the start-up time, and only faults need it

    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def anything(value: object) -> object:
    """Whatever stands in the file."""
    return value


def yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise Misfit(f"{shown(value)} is neither true nor false (without quotes)")
    return value


def whole(low: int, high: int) -> Callable[[object], int]:
    def checked(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Misfit(f"must be a whole number from {low:,} to {high:,}")
        return value

    return checked


def number(value: object) -> float:
    """A number of either sign; inf and nan, which TOML has too, are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        raise Misfit(f"{shown(value)} must be a number (without quotes)")
    return float(value)


def several(shape: Shape[T], low: int = 0) -> Callable[[object], tuple[T, ...]]:
    """The shape of a list of texts in the file, each once, at least `low` of them."""

    def checked(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Misfit(f'{shown(value)} must be a list of texts, like ["a", "b"]')
        twice = next((each for each in value if value.count(each) > 1), None)
        if twice is not None:
            raise Misfit(f"{shown(twice)} stands there twice")
        if len(value) < low:
            raise Misfit("must name at least one")
        return tuple(text(shape)(each) for each in value)

    return checked


def text(shape: Shape[T]) -> Callable[[object], T]:
    """The shape of a value in the file that must be a text."""

    def checked(value: object) -> T:
        if not isinstance(value, str):
            raise Misfit(f"{shown(value)} must be a text in quotes")
        return shape(value)

    return checked


def words(text: str) -> str:
    """Any text."""
    return text


def line(longest: int, *, empty: bool = False) -> Shape[str]:
    """A text of one line that people read."""

    def shape(text: str) -> str:
        if not text.isprintable() or len(text) > longest or not (empty or text.strip()):
            raise Misfit(f"{shown(text)} is not one line of {'at most' if empty else '1 to'} {longest} characters")
        return text.strip()

    return shape


def secret(text: str) -> str:
    """A key or token, in one piece."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Misfit("holds a space, a line break or a letter that no key has; copy it again")
    return text


def token(*starts: str) -> Shape[str]:
    """A token of Slack's, known by its first letters: people mix up their kinds."""

    def shape(text: str) -> str:
        if not text.startswith(starts):
            raise Misfit(f'must begin with "{starts[0]}": this looks like another kind of token')
        return secret(text)

    return shape


def encoded_key(text: str) -> str:
    """An API key of Elasticsearch in its encoded form: the client sends it as it is, and "id:key" would be refused later."""
    if ":" in text:
        raise Misfit('looks like "id:key"; give the form that Kibana shows as "encoded"')
    return secret(text)


def one_of(*known: str) -> Shape[str]:
    def shape(text: str) -> str:
        if text not in known:
            raise Misfit(f"{shown(text)} is not one of {', '.join(known)}{meant(text, known)}")
        return text

    return shape


def log_level(text: str) -> str:
    return one_of("DEBUG", "INFO", "WARNING", "ERROR")(text.upper())


def matching(pattern: str, what: str) -> Shape[str]:
    """A text of one form; `what` says the form: 'a channel ID like "C0123ABCD"'."""
    form = re.compile(pattern, re.ASCII)

    def shape(text: str) -> str:
        if not form.fullmatch(text):
            raise Misfit(f"{shown(text)} is not {what}")
        return text

    return shape


environment = matching(r"[a-z0-9][a-z0-9_.-]{0,62}", 'the name of an environment, like "prod" or "eu-staging.2"')
channel = matching(
    r"[CG][A-Z0-9]{2,20}",
    'a channel ID like "C0123ABCD" (in Slack: the channel\'s name, then the end of "About"); a name will not do',
)
index = matching(r"(?!.*\.\.)[a-z0-9*.][a-z0-9*_.,:-]{0,254}", 'the name or pattern of an index, like "payments-*"')
data_view = matching(r"[A-Za-z0-9_.-]{1,128}", "the ID of a data view (in Kibana: the end of its page's address)")
responder = matching(
    r"[SUW][A-Z0-9]{2,20}",
    'the ID of a person or a user group, like "U0123ABCD" or "S0123ABCD"; a name or an @handle will not do',
)
metric = matching(r"[A-Za-z][A-Za-z0-9_.]{0,199}", "the name of a metric")
log_field = matching(r"[A-Za-z_@][A-Za-z0-9_.@-]{0,254}", "the name of a field")


bucket = matching(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.{0,900})?", 'a place like "s3://bucket/prefix/"')


def archive(text: str) -> str:
    """Where files lie: `s3://bucket/prefix/`, or a folder."""
    if text.startswith("s3:"):
        return bucket(text)
    if "://" in text:
        raise Misfit(f'{shown(text)} is neither a place like "s3://bucket/prefix/" nor a folder')
    return text


def names(text: str) -> tuple[str, ...]:
    """Several names with commas between them."""
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def share(text: str) -> float:
    """The number of "2%" or "0.5 %", up to 100."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,3})?) ?%", text, re.ASCII)
    if not found or float(found[1]) > 100:
        raise Misfit(f'{shown(text)} is not a share like "2%"')
    return float(found[1])


def url(text: str) -> str:
    """A base URL without the slash at its end."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - many starts have no URL among their settings

    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Misfit("is not a URL") from None
    if "@" in text:  # anywhere: without its scheme a URL's password would be taken for its path, and shown
        raise Misfit("holds a user name or a password; keys have settings of their own")
    if parts.scheme not in {"http", "https"} or not host or not URL.fullmatch(text):
        raise Misfit(f'{shown(text)} is not a URL that begins with "https://" or "http://" and names a host')
    if parts.query or parts.fragment:
        raise Misfit('must end before any "?" or "#"')
    return text.rstrip("/")


def secret_url(text: str) -> str:
    """An address that is itself a secret: never shown, and asked as it is."""
    if not re.fullmatch(r"https?://[^\s/?#@]{1,253}(?:[/?#]\S{0,1000})?", text) or not URL.fullmatch(text[:500]):
        raise Misfit('must be an address that begins with "https://" or "http://" and names a host')
    return text


def base_url(text: str) -> str:
    """A base URL with the slash at its end: Slack's client appends method names to it."""
    return url(text) + "/"


def database(text: str) -> str:
    """Where the state is kept; never shown, for it may hold a password. `postgres://` is what some hosts call `postgresql://`."""
    scheme, _, rest = text.partition("://")
    kept = {"sqlite": "sqlite", "postgres": "postgresql", "postgresql": "postgresql"}.get(scheme)
    if not kept or not text.isprintable() or not rest.strip("/"):
        raise Misfit('must begin with "sqlite:///" and name a file, or with "postgresql://" and name a server')
    if kept == "sqlite" and (not rest.startswith("/") or ":memory:" in rest):
        raise Misfit('must name a file after "sqlite:///": what is only in memory is lost with the process')
    return f"{kept}://{rest}"


def bind(text: str) -> tuple[str, int]:
    """(host, port) of "0.0.0.0:3000", ":3000" (all addresses) or "[::1]:3000"; port 0 is any free one."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    bad_host = " " in host or (":" in host and bare == host)
    if not colon or bad_host or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        raise Misfit(f'{shown(text)} is not an address and port like "0.0.0.0:3000"')
    return bare or "0.0.0.0", int(port)  # noqa: S104 - ":3000" means all addresses everywhere


def zone(text: str) -> str:
    """The name of a time zone that exists."""
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415

    try:
        ZoneInfo(text)
    except (ValueError, KeyError, OSError):  # a bad path, an unknown name, a folder of zones
        raise Misfit(f"{shown(text)} is not a time zone{meant(text, available_timezones())}") from None
    return text


def duration_s(text: str) -> float:
    """The seconds of "15s", "10m", "1h30m", "7d"."""
    match = DURATION.fullmatch(text)
    if not text or not match:
        raise Misfit(f'{shown(text)} is not a duration like "15s", "10m", "1h30m" or "7d"')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def within(low: str, high: str) -> Shape[float]:
    """A duration between two others, both allowed."""

    def shape(text: str) -> float:
        if not duration_s(low) <= duration_s(text) <= duration_s(high):
            raise Misfit(f"{shown(text)} is not between {low} and {high}")
        return duration_s(text)

    return shape


def lasting(low: str, high: str) -> Shape[timedelta]:
    """A duration between two others as a span of time."""
    shape = within(low, high)
    return lambda text: timedelta(seconds=shape(text))


def whole_minutes(low: str, high: str) -> Shape[timedelta]:
    """Such a span in whole minutes, as wide as the buckets that are judged."""

    def shape(text: str) -> timedelta:
        span = lasting(low, high)(text)
        if span % timedelta(minutes=1):
            raise Misfit(f"{shown(text)} must be whole minutes, as the data come by the minute")
        return span

    return shape
