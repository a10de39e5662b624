"""Authentication: the headers of one credential, shared by everything that uses the same key."""

import base64
from collections.abc import Mapping
from typing import NamedTuple

import requests
from requests.auth import AuthBase
from typing_extensions import Self

from source_unified_usage.core.masking import mask_also


class Refusal(NamedTuple):
    """Why a credential was refused."""

    status: int
    said: str
    advice: str


class Credential(AuthBase):
    """The headers of one key. `option` is its place in the config, for messages.

    Once it is refused, no stream sends another request with it. `silent`: a stream has lost its patience because
    nothing answers, and nothing has answered since.
    """

    def __init__(self, option: str, headers: Mapping[str, str]) -> None:
        self.option, self._headers = option, headers
        self.refused: Refusal | None = None
        self.silent = False

    @classmethod
    def basic(cls, option: str, user: str, password: str) -> Self:
        """HTTP Basic; the encoded pair is masked in all output like the secrets it is made of."""
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        mask_also(encoded)
        return cls(option, {"Authorization": f"Basic {encoded}"})

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request
