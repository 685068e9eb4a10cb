"""What nobody may see in a message, picture, table or log line: card numbers, security codes, e-mail addresses, secrets.

Every pattern is linear in the text and tried only where its own letters occur, so that whole logs can pass through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

CARD: Final = "[card number]"
CODE: Final = "[security code]"
EMAIL: Final = "[e-mail]"
HIDDEN: Final = "[secret]"

# An issuer's first digits and the lengths its numbers have. Source: ISO/IEC 7812 ranges as the schemes publish them.
_ISSUERS: Final = tuple(
    (re.compile(first), frozenset(lengths))
    for first, lengths in (
        (r"4", (13, 16, 19)),  # Visa
        (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),  # Mastercard
        (r"3[47]", (15,)),  # American Express
        (r"6011|64[4-9]|65", (16, 19)),  # Discover
        (r"30[0-5]|3095|36|3[89]", (14, 16, 19)),  # Diners Club
        (r"35(?:2[89]|[3-8])", (16, 19)),  # JCB
        (r"62|81", (16, 17, 18, 19)),  # UnionPay
        (r"5018|50[23]8|5893|6304|6759|676[1-3]", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
        (r"220[0-4]", (16,)),  # Mir
    )
)
_WORDED: Final = frozenset({15, 16})  # lengths that count even when letters touch them: hexadecimal ids hold shorter runs
_JOINT: Final = r"[ \t\u00a0\u00ad\u1680\u2000-\u2015\u202f\u2043\u205f\u2060\u2212\u3000\ufe58\ufe63\uff0d\ufeff._\-+/·]"
_GLUE: Final = "\u2060"  # stands for the rest of an encoded digit; like all that one cannot see, it parts no groups
_DIGITS: Final = re.compile(rf"\d(?:{_JOINT}{{0,6}}\d){{12,}}{_GLUE}*")
_GROUP: Final = re.compile(rf"\d(?:[\u00ad\u200b-\u200d\ufeff{_GLUE}]*\d)*{_GLUE}*")
_SHAPES: Final = frozenset({(4, 6, 5), (4, 6, 4), (8, 8), (4, 12), (12, 4), (6, 10), (6, 6, 4)})
_ENCODED: Final = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[nrt\"/]|&#\d{1,4};|&nbsp;")
_ENCODED_DIGIT: Final = re.compile(r"(?:%3|\\u003)(\d)|&#(4[89]|5[0-7]);?")

_AT: Final = r"(?:@|%40|\\u0040|&#64;|＠)"
_EMAIL: Final = re.compile(rf"[\w.!#$'*+^~-]{{1,64}}{_AT}(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_][\w-]{{1,62}}")

_TOKENS: Final = re.compile(
    r"""\bxox[a-z](?:\.xox[a-z])?-[\w-]{6,} | \bxapp-[\w-]{6,} | \b(?:sk|rk)_(?:live|test)_\w{6,} | \bwhsec_[\w+/=]{6,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{12,} | \bgh[pousr]_\w{20,} | \beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?
    | (?<=hooks\.slack\.com/)(?:services|commands|actions|workflows|triggers)/[\w/%.-]+
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----(?:[^-]|-(?!----END))*(?:-----END[A-Z ]*-----)?""",
    re.VERBOSE,
)
_TOKEN_HINT: Final = re.compile(r"xox|xapp-|k_live_|k_test_|whsec_|AKIA|ASIA|gh[pousr]_|eyJ|hooks\.slack|PRIVATE KEY")
_SCHEMES: Final = re.compile(
    r"\b((?i:bearer|basic|apikey|geniekey)(?:\s|%20|\+)+|(?i:token token=))(?=\S{0,200}[A-Z\d=_.])[\w.~+/=:%-]{8,}"
)
_LOGIN: Final = re.compile(r"(?<=://)[^\s/@:]{0,200}:[^\s/@]{1,200}(?=@)")
_IS: Final = r"""(?:\\?["']|%22)?\s{0,3}(?:=>?|:|%3[AaDd])\s{0,3}(?:\\?["']|%22)?"""  # between a name and its value
_NAMED: Final = re.compile(
    r"((?:password|passwd|passphrase|pwd|secret|secret[_-]?key|(?:api|app|application|access|private|signing|routing|service)[_-]?key"
    r"|secret[_-]access[_-]key|key[_-]secret|credential|(?:api|access|refresh|session|auth|bot|app|id|security)?[_-]?token"
    rf"|authorization|signature){_IS})(?!\[)[^\s\"'\\,;&<>{{}}\[\]]{{4,}}",
    re.IGNORECASE,
)
_NAMED_HINT: Final = re.compile(r"pass|pwd|secret|key|token|credential|authorization|signature", re.IGNORECASE)
# "incorrect_cvc: 412" is a decline code with its count.
_SECURITY_CODE: Final = re.compile(
    r"((?<!incorrect_)(?<!invalid_)(?<![a-z])"
    r"(?:(?:card|payment|my)[_ -]?)?(?:cvc|cvv|cvn|csc|cav|cid|(?:security|verification|card)[_ -]?(?:code|value))2?"
    rf"{_IS})\d{{3,4}}(?!\d)",
    re.IGNORECASE,
)
_CODE_HINT: Final = re.compile(r"c[vsai][cvdn]|code|value", re.IGNORECASE)


def masked(text: str) -> str:
    """The text with card numbers, security codes, e-mail addresses and secrets replaced by what they were; else unchanged.

    Card numbers are found in groups, in Unicode digits and in JSON or URL encodings. Masking twice changes nothing more.
    """
    if _TOKEN_HINT.search(text):
        text = _TOKENS.sub(HIDDEN, text)
    if "://" in text:
        text = _LOGIN.sub(HIDDEN, text)
    text = _SCHEMES.sub(rf"\1{HIDDEN}", text)
    if _NAMED_HINT.search(text):
        text = _NAMED.sub(rf"\1{HIDDEN}", text)
    if _CODE_HINT.search(text):
        text = _SECURITY_CODE.sub(rf"\1{CODE}", text)
    text = _without_cards(text)
    return _EMAIL.sub(EMAIL, text) if "@" in text or "40" in text or "64;" in text or "＠" in text else text


def _without_cards(text: str) -> str:
    bare = _decoded(text)
    spans = [span for run in _DIGITS.finditer(bare) for span in _cards(bare, run)]
    for start, end in reversed(spans):
        text = text[:start] + CARD + text[end:]
    return text


def _decoded(text: str) -> str:
    """The text with encoded digits as digits and other encoded characters as spaces, each at its own place."""
    if "%" not in text and "\\" not in text and "&" not in text:
        return text

    def digit(match: re.Match[str]) -> str:
        value = match[1] or chr(int(match[2]))
        return value + _GLUE * (len(match[0]) - 1)

    return _ENCODED.sub(lambda match: " " * len(match[0]), _ENCODED_DIGIT.sub(digit, text))


def _cards(text: str, run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The places of card numbers in a run of digit groups, left to right, none overlapping."""
    groups = tuple(_GROUP.finditer(text, run.start(), run.end()))
    first = 0
    while first < len(groups):
        number = next((part for part in _windows(groups, first) if _is_card(text, part)), None)
        if number:
            yield number[0].start(), number[-1].end()
        first += len(number) if number else 1


def _windows(groups: tuple[re.Match[str], ...], first: int) -> Iterator[tuple[re.Match[str], ...]]:
    """What may be a card number from this group on, longest first, by how people write them.

    In one piece, in fours, or as on the cards of American Express and Diners Club; single digits and pairs only if nothing else
    stands around them.
    """
    sizes = tuple(_size(group) for group in groups[first : first + 5])
    if sizes[0] >= 4:
        for last in range(len(sizes), 0, -1):
            if all(size == 4 for size in sizes[: last - 1]) or sizes[:last] in _SHAPES:
                yield groups[first : first + last]
    elif first == 0 and len(groups) <= 19 and {_size(group) for group in groups} in ({1}, {2}):
        yield groups


def _size(group: re.Match[str]) -> int:
    return sum(letter.isdecimal() for letter in group[0])


def _is_card(text: str, groups: tuple[re.Match[str], ...]) -> bool:
    digits = "".join(str(int(letter)) for group in groups for letter in group[0] if letter.isdecimal())
    return _issued(digits) and luhn(digits) and _apart(text, groups)


def _issued(digits: str) -> bool:
    return any(first.match(digits) and len(digits) in lengths for first, lengths in _ISSUERS)


def luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = "0246813579"
    return sum(int(doubled[int(digit)]) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits))) % 10 == 0


def _apart(text: str, groups: tuple[re.Match[str], ...]) -> bool:
    """Whether the number stands on its own: neither the fraction of a number nor part of a hexadecimal id."""
    start, end = groups[0].start(), groups[-1].end()
    if text[max(0, start - 1) : start] == "." and text[max(0, start - 2) : start - 1].isdecimal():
        return False
    touched = text[max(0, start - 1) : start].isalpha() or text[end : end + 1].isalpha()
    return not touched or (len(groups) == 1 and _size(groups[0]) in _WORDED)
