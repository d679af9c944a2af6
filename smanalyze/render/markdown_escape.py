"""Text made safe for GitHub-flavoured Markdown: names stay names, whatever characters they hold.

References: the GFM spec (code spans 6.3, tables 4.10, autolinks 6.9). What GitHub adds to rendered text (mentions,
issue numbers) is stopped by an empty comment, because an escape would be gone by then.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from smanalyze.render.visible import shorten, visible, visible_lines

PROSE_LIMIT = 600
NAME_LIMIT = 240

_SPECIAL = re.compile(r"[\\`*<>\[\]|~$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_BREAK = "<!-- -->"
_ACTIVE = re.compile(r"@|#(?=\d)|:(?=//)|(?i:(?<=www)\.)")
_BLOCK_START = re.compile(r"(\d{1,9}(?=[.)](?:\s|$)))|[-+](?:\s|$)|#{1,6}(?:\s|$)|[-=]+\s*$")


def prose(text: str) -> str:
    """A sentence on one line. What it has between backticks becomes a code span, the rest is no markup."""
    return _sentence(text, code)


def cell_prose(text: str) -> str:
    """The same for a table."""
    return _sentence(text, cell_code)


def _sentence(text: str, quote: Callable[[str], str]) -> str:
    parts = visible(shorten(text, PROSE_LIMIT)).strip().split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):  # the backticks are no quotes: show them
        return _plain("`".join(parts))
    quoted = [quote(part) if i % 2 else _plain(part) for i, part in enumerate(parts)]
    return "".join(quoted)


def _plain(text: str) -> str:
    escaped = _ACTIVE.sub(_broken, _SPECIAL.sub(r"\\\g<0>", text))
    start = _BLOCK_START.match(escaped)
    if not start:
        return escaped
    number = start[1] or ""
    return f"{number}\\{escaped[len(number) :]}"


def _broken(match: re.Match[str]) -> str:
    return _BREAK + match[0] if match[0] == "." else match[0] + _BREAK


def code(text: str) -> str:
    """A name as a code span, nothing for an empty one. Not for tables: see ``cell_code``."""
    text = visible(shorten(text, NAME_LIMIT))
    if not text:
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    padded = text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " " and text.strip() != "")
    return f"{ticks} {text} {ticks}" if padded else f"{ticks}{text}{ticks}"


def cell_code(text: str) -> str:
    """A name as a code span in a table, where a pipe ends the cell even inside a span."""
    return code(text).replace("|", "\\|")


def codes(names: tuple[str, ...], limit: int) -> str:
    """The first names as code spans for a table, and how many more there are."""
    shown = names if len(names) <= limit + 1 else names[:limit]
    more = [f"… {len(names) - limit:,} more"] if len(shown) < len(names) else []
    return ", ".join([*map(cell_code, filter(None, shown)), *more])


def html_text(text: str) -> str:
    """For the summary line of a details block, which is HTML."""
    return html.escape(visible(shorten(text, NAME_LIMIT)))


def fenced(text: str, language: str) -> str:
    """A block of code; its fence is longer than any run of backticks inside."""
    text = visible_lines(text).rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
