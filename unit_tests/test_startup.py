"""The imports leave the process as they found it."""

import gc
import importlib
import sys

import attributes_doc
import pytest

from source_unified_usage.startup import quick_imports


class Documented:
    name: str = ""
    """What it is called."""


def test_what_is_left_out_is_there_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "boto3", raising=False)
    with quick_imports():
        assert not gc.isenabled()
        assert attributes_doc.get_attributes_doc(Documented) == {}
        with pytest.raises(ImportError):
            importlib.import_module("boto3")
    assert gc.isenabled()
    assert attributes_doc.get_attributes_doc(Documented) == {"name": "What it is called."}
    assert "boto3" not in sys.modules


def test_an_import_that_fails_changes_nothing_either() -> None:
    parse = attributes_doc.get_attributes_doc
    with pytest.raises(ImportError), quick_imports():
        importlib.import_module("there_is_no_such_module")
    assert gc.isenabled()
    assert attributes_doc.get_attributes_doc is parse
