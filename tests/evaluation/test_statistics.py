"""Intervals, quantiles and the paired test against values worked out by hand or taken from the literature."""

import pytest

from app.evaluation.statistics import Share, mcnemar, quantile, wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),  # Brown, Cai and DasGupta 2001: z2 / (n + z2)
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson(hits: int, total: int, low: float, high: float) -> None:
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


def test_share_counts_the_yes_answers() -> None:
    share = Share.of([True, False, True, True])
    assert (share.hits, share.total, share.value) == (3, 4, 0.75)
    assert share.interval == wilson(3, 4)
    assert Share.of([]).value == 0.0


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 0.0625),  # 2 * 1/32
        (0, 6, 0.03125),
        (1, 9, 0.021484375),  # 2 * (1 + 10) / 1024
        (4, 4, 1.0),
    ],
)
def test_mcnemar_is_the_exact_sign_test(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_mcnemar_of_many_changes_does_not_overflow() -> None:
    assert mcnemar(5_000, 4_000) < 1e-20


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 2.0), (0.95, 4.0), (0.0, 1.0), (1.0, 4.0), (0.25, 1.0), (0.26, 2.0)]
)
def test_quantile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert quantile([4.0, 2.0, 3.0, 1.0], share) == expected


def test_quantile_of_nothing() -> None:
    assert quantile([], 0.5) == 0.0
