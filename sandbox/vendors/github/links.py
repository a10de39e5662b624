"""Signed links to files: good without a token alone, and not for ever."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from sandbox.vendor import Call
from sandbox.vendors.github.knobs import Knobs
from sandbox.vendors.github.refusals import expired_link


@dataclass
class _File:
    body: bytes
    media_type: str
    reads_left: int | None


class Links:
    """The files behind the links given out, by number."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._files: list[_File] = []

    def add(self, body: bytes, media_type: str) -> int:
        """The number of a new link."""
        reads = self._knobs.link_reads
        if self._knobs.stale_links > 0:
            self._knobs.stale_links -= 1
            reads = 0
        self._files.append(_File(body, media_type, reads))
        return len(self._files) - 1

    def url(self, call: Call, host: str, number: int) -> str:
        return f"{call.base}/{host}/{number}?sig=signature-{number}"

    def file(self, call: Call, _: object) -> Response:
        """The file itself, as storage serves it."""
        number = _number(call)
        if "authorization" in call.request.headers or not 0 <= number < len(self._files):
            return expired_link()
        file = self._files[number]
        if call.query.get("sig") != f"signature-{number}" or file.reads_left == 0:
            return expired_link()
        if file.reads_left is not None:
            file.reads_left -= 1
        return Response(file.body, media_type=file.media_type)

    def export(self, call: Call, _: object) -> Response:
        """An export's own address leads to where its file is stored."""
        if "authorization" in call.request.headers:
            return expired_link()
        return RedirectResponse(self.url(call, "blob", _number(call)), 302)


def _number(call: Call) -> int:
    text = call.request.path_params["number"]
    return int(text) if text.isdecimal() else -1
