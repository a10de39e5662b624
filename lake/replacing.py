"""A file that is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The file to write: one beside `path`, which takes its place when the block ends without an error.

    So a full disk leaves what was there before. What is no file, as a device is, is written itself.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    place = path.resolve()  # a link goes on leading there
    beside = place.with_name(f".{place.name}.part")
    try:
        yield beside
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
