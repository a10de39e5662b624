"""Importing the CDK in two thirds of the time: what the imports do that the source never needs is left out."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """For the block that imports the CDK, in a process that is ours alone.

    No garbage is collected, because imports leave none: each collection would walk half a million objects. And
    serpyco-rs, which serialises the CDK's messages, does not parse their source code for the words that describe
    their fields in a JSON schema nobody asks for (its `get_attributes_doc`, a third of the CDK's import).
    """
    gc.disable()
    try:
        with _without_attributes_doc():
            yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _without_attributes_doc() -> Iterator[None]:
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
