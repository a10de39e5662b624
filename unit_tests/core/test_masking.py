"""Credentials in every form in which a message may carry them."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from hypothesis import given
from hypothesis import strategies as st

from source_unified_usage.core.errors import ConfigError
from source_unified_usage.core.masking import mask, mask_also, shortened
from source_unified_usage.core.messages import vendor_message

KEY = 'sk-admin-"1<2>3"/+é?&\\x'


@pytest.fixture(autouse=True)
def _masked() -> Iterator[None]:
    mask([KEY])
    yield
    mask([])


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        quote(KEY),
        html.escape(KEY),
        json.dumps(KEY)[1:-1],
        base64.b64encode(KEY.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    ],
)
def test_every_form_of_a_key_is_masked(form: str) -> None:
    assert filter_secrets(f"refused: {form}!").startswith("refused: ****")
    assert form not in str(ConfigError(f"refused: {form}!"))


def test_the_start_of_a_basic_pair_is_masked_too() -> None:
    pair = base64.b64encode(f"{KEY}:".encode()).decode()
    assert len(filter_secrets(pair)) < 12


@given(st.integers(0, 330))
def test_a_key_is_masked_before_its_sentence_is_cut(before: int) -> None:
    answer = requests.Response()
    answer.reason = "Forbidden"
    said = vendor_message({"message": "x" * before + KEY + "y" * 300}, answer)
    assert len(said) <= 300
    assert KEY[:4] not in said


def test_what_begins_another_secret_does_not_cut_it_in_two() -> None:
    mask(["secret-1", "secret-1-and-more"])
    assert shortened("secret-1-and-more", 50) == "****"


def test_very_short_texts_are_not_masked() -> None:
    mask(["e", ""])
    mask_also("t")
    assert shortened('{"type":  "TRACE"}', 50) == '{"type": "TRACE"}'
