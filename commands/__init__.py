"""What can be asked: queries, panels and words. No I/O anywhere.

SECTIONS is the register: a section is one module of this folder and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from commands import checkout
from commands.panel import Section

SECTIONS: Mapping[str, Section] = {section.name: section for section in (checkout.SECTION,)}
DEFAULT_SECTION = "checkout"
