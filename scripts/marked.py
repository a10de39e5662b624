"""Text between two marks of a file that people write and scripts complete."""


def insert(page: str, begin: str, end: str, text: str) -> str:
    """The page with this text between the two marks, replacing what was there."""
    before, mark, rest = page.partition(begin)
    _, other, after = rest.partition(end)
    assert mark and other, f"nowhere to write: no {begin} and {end}"
    return f"{before}{begin}{text}{end}{after}"


def between(page: str, begin: str, end: str) -> str:
    """The two marks and what is between them."""
    _, mark, rest = page.partition(begin)
    text, other, _ = rest.partition(end)
    assert mark and other, f"nothing between {begin} and {end}"
    return f"{begin}{text}{end}"
