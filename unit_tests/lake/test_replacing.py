"""A file that is replaced whole or not at all."""

from pathlib import Path

import pytest

from lake.replacing import replacing


def half_write(path: Path) -> None:
    with replacing(path) as file:
        file.write_text("half of")
        raise OSError("No space left on device")


@pytest.mark.parametrize("before", [None, "the day before"])
def test_a_failure_leaves_what_was_there(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "report.html"
    if before:
        path.write_text(before)
    with pytest.raises(OSError, match="No space"):
        half_write(path)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == ({path.name: before} if before else {})


def test_a_link_goes_on_leading_to_the_file(tmp_path: Path) -> None:
    place, link = tmp_path / "place", tmp_path / "link"
    link.symlink_to(place)
    for text in ("first", "second"):
        with replacing(link) as file:
            file.write_text(text)
        assert link.is_symlink()
        assert place.read_text() == text
    assert {*tmp_path.iterdir()} == {place, link}


def test_a_device_is_written_itself() -> None:
    with replacing(Path("/dev/null")) as file:
        assert file == Path("/dev/null")
