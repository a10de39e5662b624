"""The message of a failed request, from the vendor or from the network."""

from collections.abc import Mapping
from typing import Any

import requests

from source_unified_usage.core.masking import shortened
from source_unified_usage.core.network import tunnel_status
from source_unified_usage.core.transport import TooSlow

_DEPTH = 8  # of envelopes in envelopes


def vendor_message(body: Any, answer: requests.Response) -> str:
    """What the vendor says in an error body, whichever of the usual envelopes it uses; at most 300 characters."""
    return shortened(message_of(body) or answer.reason or "no explanation", 300)


def message_of(value: Any, depth: int = 0) -> str:
    """The sentences in an error body, the most particular first; "" when there are none."""
    if depth > _DEPTH:
        return ""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return "; ".join(filter(None, (message_of(part, depth + 1) for part in value[:3])))
    if isinstance(value, Mapping):
        # the most particular first: a list of errors says more than the message above it
        for key in ("errors", "reason", "detail", "message", "msg", "error", "title"):
            if message := message_of(value.get(key), depth + 1):
                return message
    return ""


def network_message(error: Exception) -> str:
    """Why there was no answer, without the URL and the stack of wrappers."""
    if isinstance(error, TooSlow):
        return str(error)
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if status := tunnel_status(error):
        return f"the proxy answers {status}"
    text = str(error).lower()
    for sign, message in (
        ("resolve", "the host name cannot be resolved"),
        ("getaddrinfo", "the host name cannot be resolved"),
        ("refused", "connection refused"),
        ("certificate", "the TLS certificate cannot be verified"),
        ("ssl", "the TLS connection failed"),
        ("incompleteread", "the body ended early"),
        ("timed out", "the answer stopped in the middle"),
        ("reset", "the connection was cut"),
        ("aborted", "the connection was cut"),
        ("proxy", "the proxy cannot be reached"),
    ):
        if sign in text:
            return message
    return f"the connection failed ({type(error).__name__})"
