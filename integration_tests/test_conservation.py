"""Made-up customers, each read more than once with other pages: the records are those of the ledger."""

from pathlib import Path

import pytest

from integration_tests.conservation import hold

FEW, ALL = 2, 25


@pytest.mark.parametrize(
    "seed", [*range(FEW), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(FEW, ALL))]
)
def test_a_customer_is_conserved(seed: int, tmp_path: Path) -> None:
    assert hold(seed, tmp_path) > 0
