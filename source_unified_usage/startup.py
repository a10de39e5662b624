"""Importing the CDK in half the time, without the work of imports that the source never uses."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """Wrap the import of the CDK in it, in a process that runs nothing else.

    No garbage is collected meanwhile: imports leave none, and each collection would walk half a million objects.
    """
    gc.disable()
    try:
        with _without_field_descriptions(), _without_dynamodb():
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _without_field_descriptions() -> Iterator[None]:
    """serpyco-rs, which serialises the CDK's messages, parses their source code for the descriptions of their fields.

    They are for a JSON schema that the source never uses, and take a third of the CDK's import.
    """
    try:
        import attributes_doc
    except ImportError:  # then serpyco-rs does not use it either
        yield
        return
    parse = attributes_doc.get_attributes_doc
    attributes_doc.get_attributes_doc = lambda cls: {}
    try:
        yield
    finally:
        attributes_doc.get_attributes_doc = parse


@contextmanager
def _without_dynamodb() -> Iterator[None]:
    """requests-cache, which the CDK needs, imports boto3 for a cache in DynamoDB where it is installed.

    PyAirbyte, for example, installs it; the import takes a sixth of the time that is left.
    """
    if "boto3" in sys.modules:
        yield
        return
    sys.modules["boto3"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["boto3"]
