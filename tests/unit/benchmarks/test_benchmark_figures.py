"""The arithmetic of the benchmark."""

import pytest

from benchmarks.figures import Spread, percentile, ratios


def test_a_spread_has_the_middle_the_lowest_and_the_highest() -> None:
    assert Spread.of([5.0, 1.0, 2.0]) == (2.0, 1.0, 5.0)


def test_ratios_are_those_of_pairs_and_not_of_medians() -> None:
    # The machine was ten times as slow in the second round, for both.
    assert ratios([1.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == (2.0, 1.0, 3.0)


def test_rounds_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("percent", "wanted"), [(50, 50.0), (99, 99.0), (99.5, 100.0), (100, 100.0), (0, 1.0)])
def test_a_percentile_is_one_of_the_figures(percent: float, wanted: float) -> None:
    assert percentile([float(figure) for figure in range(100, 0, -1)], percent) == wanted
