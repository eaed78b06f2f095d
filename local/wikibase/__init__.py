"""A Wikibase endpoint on this machine, serving a directory of items in the real API's shape.

with LocalWikibase(Path("wikibase")) as wikibase:
    WikibaseClient(http, wikibase.url).fetch_concept("Q69")
"""

from local.wikibase.answers import busy, dead, failing, html, lagging
from local.wikibase.server import LocalWikibase

__all__ = ["LocalWikibase", "busy", "dead", "failing", "html", "lagging"]
