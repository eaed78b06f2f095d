"""What passages look like once they have been extracted from web pages and scanned documents.

Each way to spoil a text keeps its words. They are independent of the concepts, so no classifier
can learn anything from them.
"""

import random
import re
import textwrap
from collections.abc import Callable

Noise = Callable[[str, random.Random], str]

# The last is a byte order mark, which joined files carry into the middle of a text.
_SYMBOLS = ["•", "▪", "✅", "🌊", "⚠️", "§", "\ufeff"]


def html_entities(text: str, draw: random.Random) -> str:
    """Escaped as it stood in a page's source."""
    escaped = text.replace("&", "&amp;").replace("'", "&#39;").replace("’", "&rsquo;")
    return f"{escaped} Spending on R&amp;D is reported separately."


def html_tags(text: str, draw: random.Random) -> str:
    """The first words in bold, or the whole in a paragraph with a line break."""
    head, _, rest = text.partition(" ")
    if draw.random() < 0.5:
        return f"<b>{head}</b> {rest}"
    return f"<p>{head} {rest}<br/></p>"


def less_than(text: str, draw: random.Random) -> str:
    """A bare `<` that opens no tag, as in thresholds."""
    return f"{text} Cases with n < {draw.randint(3, 30)} and p > 0.05 are not shown."


def line_breaks(text: str, draw: random.Random) -> str:
    """Lines as wide as the column they were printed in."""
    return textwrap.fill(text, width=draw.choice([44, 60, 78]), break_on_hyphens=False)


def hyphenation(text: str, draw: random.Random) -> str:
    """One long word divided over two lines."""
    words = re.findall(r"\b[a-z]{9,}\b", text)
    if not words:
        return text
    word = draw.choice(words)
    return text.replace(word, f"{word[:5]}-\n{word[5:]}", 1)


def no_break_spaces(text: str, draw: random.Random) -> str:
    """A no-break space before or after each number."""
    return re.sub(r" (?=\d)|(?<=\d) ", "\u00a0", text)


def no_break_hyphens(text: str, draw: random.Random) -> str:
    """U+2011 for every hyphen between letters."""
    return re.sub(r"(?<=\w)-(?=\w)", "\u2011", text)


def symbols(text: str, draw: random.Random) -> str:
    """A bullet or an emoji in front, as in slides and social media cards."""
    return f"{draw.choice(_SYMBOLS)} {text}"


# How often each is met. Real extracted text has more line breaks than anything else.
_SHARES: list[tuple[float, Noise]] = [
    (0.04, html_entities),
    (0.03, html_tags),
    (0.01, less_than),
    (0.06, line_breaks),
    (0.02, hyphenation),
    (0.04, no_break_spaces),
    (0.03, no_break_hyphens),
    (0.02, symbols),
]


def spoil(text: str, draw: random.Random) -> str:
    """`text` with at most a few of the above, most often none."""
    for share, noise in _SHARES:
        if draw.random() < share:
            text = noise(text, draw)
    return text
