"""What counts as empty, and what is an error although its status is 200."""

from typing import Any

import pytest

from source_unified_usage.core.answer import Answer
from source_unified_usage.core.errors import BrokenContract

SOURCE = "Acme, stream acme_costs, /costs"


def test_only_what_the_vendor_documents_is_empty() -> None:
    assert Answer(SOURCE, {"data": []}).rows("data") == []
    assert Answer(SOURCE, {"data": None}).rows("data", nullable=True) == []
    assert Answer(SOURCE, {"data": [], "error": None, "message": "ok"}).rows("data") == []


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "no list of objects under 'data'."),
        ({"error": {"code": 503}}, "no list of objects under 'data' but an error: {'code': 503}."),
        ({"message": "Try again."}, "no list of objects under 'data' but an error: Try again.."),
        ({"data": [], "errors": [{"detail": "upstream"}]}, "an empty list under 'data' but an error: upstream."),
        ({"data": {}}, "no list of objects under 'data'."),
        ({"data": [1]}, "no list of objects under 'data'."),
        ([], "no list of objects under 'data'."),
    ],
)
def test_an_error_sent_as_200_is_not_empty(body: Any, said: str, nullable: bool) -> None:
    with pytest.raises(BrokenContract) as caught:
        Answer(SOURCE, body).rows("data", nullable=nullable)
    assert str(caught.value) == f"{SOURCE}: the vendor's answer breaks its own documentation, {said}"


def test_null_beside_an_error_is_not_empty() -> None:
    with pytest.raises(BrokenContract, match="but an error: Backend timeout"):
        Answer(SOURCE, {"data": None, "errors": ["Backend timeout"]}).rows("data", nullable=True)


def test_an_object_that_must_be_there() -> None:
    assert Answer(SOURCE, {}).object("metadata") == {}
    assert Answer(SOURCE, {"pool": {"a": 1}}).object("pool", required=True) == {"a": 1}
    with pytest.raises(BrokenContract, match="'pool' is not an object but an error: no"):
        Answer(SOURCE, {"error": "no"}).object("pool", required=True)
