"""Importing the CDK in half the time: what the imports do that the source never needs is left out."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """For the block that imports the CDK, in a process that is ours alone.

    No garbage is collected, because imports leave none: each collection would walk half a million objects.
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
    """serpyco-rs, which serialises the CDK's messages, parses their source code for what describes their fields in a
    JSON schema that nobody asks for: a third of the CDK's import.
    """
    try:
        import attributes_doc
    except ImportError:  # then serpyco-rs does without it by itself
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
    """requests-cache, a part of the CDK, imports boto3 for a cache in DynamoDB wherever something else, such as
    PyAirbyte, has installed it: a sixth of what is left.
    """
    if "boto3" in sys.modules:
        yield
        return
    sys.modules["boto3"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["boto3"]
