"""How many examples Hypothesis makes for a test whose examples take long."""

from hypothesis import settings


def share(percent: int) -> int:
    """So many percent of what the profile makes, which is 100 in `thorough`."""
    return round(settings().max_examples * percent / 100)
