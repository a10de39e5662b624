"""Opaque page tokens, bound to what they were given out for."""

import base64
import binascii
import json
import zlib
from datetime import datetime, timedelta


class BadToken(Exception):
    """The token is none of ours, belongs to another request, or is too old."""


def issue(request: object, place: int, now: datetime) -> str:
    """A token that leads to `place` in the answer to this request."""
    content = [_seal(request), place, int(now.timestamp())]
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def place_of(token: str, request: object, now: datetime, lifetime: timedelta | None) -> int:
    """Where the token leads. Raises BadToken."""
    try:
        seal, place, issued = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise BadToken from None
    if seal != _seal(request):
        raise BadToken
    if lifetime is not None and now.timestamp() - issued > lifetime.total_seconds():
        raise BadToken
    return int(place)


def _seal(request: object) -> int:
    return zlib.crc32(repr(request).encode())
