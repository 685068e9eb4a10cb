"""What can be asked: queries, panels and words. No I/O anywhere.

SECTIONS is the register: a section is one module of this folder and one line here. The overview is made of the others.
"""

from __future__ import annotations

from collections.abc import Mapping

from commands import checkout, expiry, funnel, pipeline, receipts, retries
from commands.overview import overview
from commands.panel import Section

_SECTIONS: tuple[Section, ...] = (
    checkout.SECTION,
    expiry.SECTION,
    retries.SECTION,
    receipts.SECTION,
    funnel.SECTION,
    pipeline.SECTION,
)
SECTIONS: Mapping[str, Section] = {section.name: section for section in (overview(_SECTIONS), *_SECTIONS)}
DEFAULT_SECTION = "overview"
