"""The download: a link to the file itself where all of it is wanted, else what is filtered."""

import gzip

import numpy as np
from aws_lambda_powertools.event_handler import Response

from functions.web import parameters, responses
from functions.web.library import Library, View
from functions.web.problems import BadParameter, Outdated
from functions.web.request import Request
from vibe_checker.bucket import Pin
from vibe_checker.errors import TooLarge
from vibe_checker.reading import downloads
from vibe_checker.reading.columns import Counts

_LINK_SECONDS = 300
_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


def download(
    library: Library, request: Request, concept_id: str, classifier_id: str
) -> Response[bytes] | Response[str]:
    """The selected predictions as a file, or one part of it.

    A part says of which file it is (`stamp`), and is refused once another has taken its place: so
    parts put together are one file as it was, or an error, and never a mix.
    """
    if request.is_api:
        parameters.check_names(request, "format", "part", "stamp", *parameters.FILTER_NAMES)
    view = library.view(request, concept_id, classifier_id)
    if parameters.text(request, "stamp") not in ("", view.pin.etag):
        raise Outdated("The predictions were published anew since; begin the download again.")
    form = parameters.choice(request, "format", downloads.FORMATS)
    name = f"{concept_id}-{classifier_id}.{form}"
    if form == "jsonl" and view.selection.count == len(view.file) and not request.first("part"):
        return responses.redirect(_signed(library, view.pin, name))
    parts = parts_of(view)
    part = parameters.whole(request, "part", 1, parameters.LAST_PAGE)
    if part > len(parts):
        raise BadParameter("part", f"{part} is more than the {len(parts)} parts that there are")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    headers["X-Parts"] = str(len(parts))
    if part < len(parts):
        following = request.link(part=part + 1, stamp=view.pin.etag)
        headers["Link"] = f'<{following}>; rel="next"'
    body = _body(view, parts[part - 1], form, part)
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 4, mtime=0)
        headers["Content-Encoding"] = "gzip"
    if len(body) > responses.LARGEST_BODY:
        raise TooLarge(
            f"A single line has {len(body) / 1e6:,.1f} MB, more than Lambda hands back. All "
            "passages as JSONL come straight from S3, whatever their size."
        )
    return Response(200, _TYPES[form], body, headers)


def parts_of(view: View) -> list[Counts]:
    """The selection in file order, so that parts fit together whatever order they are shown in."""
    return downloads.parts(view.file, np.flatnonzero(view.selection.mask))


def _body(view: View, rows: Counts, form: str, part: int) -> bytes:
    if form == "jsonl":
        return downloads.jsonl(view.file, rows)
    return downloads.as_csv(view.file, rows, head=part == 1)


def _signed(library: Library, pin: Pin, name: str) -> str:
    """An address that gives the file for some minutes, straight from S3 and whatever its size."""
    asked = {
        "Bucket": library.bucket.name,
        "Key": pin.key,
        "ResponseContentDisposition": f'attachment; filename="{name}"',
        **({"VersionId": pin.version_id} if pin.version_id else {}),
    }
    return library.bucket.client.generate_presigned_url(
        "get_object", Params=asked, ExpiresIn=_LINK_SECONDS
    )
