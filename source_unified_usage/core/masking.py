"""Masking credentials in all messages, in whatever form a vendor or the network repeats them."""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets, update_secrets

# No vendor's key is shorter. Masking a letter or two would garble every message and the JSON around it.
_SHORTEST = 6


def mask(secrets: Iterable[str]) -> None:
    """From here on these, and no others, are replaced in everything that the CDK prints and in `shortened`."""
    found = {form for secret in secrets for form in _forms(secret)}
    update_secrets(sorted(found, key=len, reverse=True))  # the longest first: a secret may be the beginning of another


def mask_also(secret: str) -> None:
    """Mask one more secret, which is derived from others."""
    for form in dict.fromkeys(_forms(secret)):
        add_to_secrets(form)


def shortened(text: str, most: int) -> str:
    """One line of at most `most` characters. Masked before it is cut, because half a secret would not be found."""
    return filter_secrets(" ".join(text.split()))[:most]


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, and as URLs, HTML, JSON and headers encode it."""
    raw = secret.encode()
    whole = len(raw) // 3 * 3  # as far as base64 does not depend on what follows, such as the colon of a Basic pair
    forms = (
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(raw[:whole]).decode(),
        base64.urlsafe_b64encode(raw[:whole]).decode(),
    )
    for form in forms:
        for spelling in (form, form.upper(), form.lower()):
            if len(spelling) >= _SHORTEST:
                yield spelling
