"""The page as a file."""

from pathlib import Path

from lake.environment import without_collection
from lake.errors import LakeError
from lake.target import Target


def report(target: Target, path: Path) -> None:
    """Write the page about the models that are in the database. Raises LakeError."""
    with without_collection():
        from lake import page  # Altair takes a second, which a sync that fails early does not have to wait for

    target.require()
    try:
        page.write(target, path)
    except OSError as error:
        raise LakeError(f"The page {path} cannot be written: {error.strerror}.") from None
