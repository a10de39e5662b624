"""Made-up customers, each read twice with other pages: what comes out is what the vendors know."""

from pathlib import Path

import pytest

from integration_tests.conservation import hold


@pytest.mark.parametrize("seed", range(25))
def test_a_customer_is_conserved(seed: int, tmp_path: Path) -> None:
    assert hold(seed, tmp_path) > 0
