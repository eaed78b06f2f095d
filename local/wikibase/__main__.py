"""python -m local.wikibase DIRECTORY [PORT]: serve a directory of items until Ctrl-C."""

import sys
import threading
from contextlib import suppress
from pathlib import Path

from local.wikibase.server import LocalWikibase
from vibe_checker.errors import InvalidInput


def main(arguments: list[str]) -> None:
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    port = int(arguments[1]) if len(arguments) == 2 else 0
    try:
        wikibase = LocalWikibase(Path(arguments[0]), port)
    except InvalidInput as error:
        sys.exit(str(error))
    with wikibase, suppress(KeyboardInterrupt):
        print(f"{len(wikibase)} items at {wikibase.url}/w/api.php (Ctrl-C ends)", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
