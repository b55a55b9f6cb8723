"""What chance leaves of a share, and of a change between two periods: the more, the fewer they are of."""

import math
from collections.abc import Sequence

Z = 1.96  # of 95%
# Student's t of 95%, by degrees of freedom; beyond these the normal distribution is near.
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)

# What one day adds to both sums of a ratio.
Day = tuple[float, float]


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Between which shares that of all such decisions should lie, in 95 of 100 cases.

    Wilson's score interval, which holds for few decisions and for shares near 0 and 1, too (Brown, Cai and
    DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16, 2001). Decisions of one
    person resemble each other, so it is rather too narrow than too wide.

    >>> [round(share, 3) for share in wilson(8, 10)]
    [0.49, 0.943]
    >>> [round(share, 3) for share in wilson(0, 10)]
    [0.0, 0.278]
    """
    share, square = part / whole, Z * Z / whole
    middle = (share + square / 2) / (1 + square)
    off = math.sqrt(share * (1 - share) * square + square * square / 4) / (1 + square)
    return max(0.0, middle - off), min(1.0, middle + off)


def change_of_ratio(now: Sequence[Day], before: Sequence[Day]) -> tuple[float, float] | None:
    """Between which changes that of a ratio of two sums should lie, in 95 of 100 cases, as its days vary.

    A ratio of sums varies as what its days are off it (Cochran, "Sampling Techniques", 1977, 6.4); the change
    is taken as a logarithm, so that halving and doubling are alike far away. Days are what is drawn: what
    happens on one day belongs together.

    Returns:
        None where one of the ratios is 0 or none, or of a single day.

    >>> [
    ...     round(end, 2)
    ...     for end in change_of_ratio([(12, 10), (8, 10), (9, 10)], [(20, 10), (24, 10), (16, 10)])
    ... ]
    [-0.7, -0.23]
    """
    of_now, of_before = _ratio(now), _ratio(before)
    if of_now is None or of_before is None:
        return None
    (new, new_variance), (old, old_variance) = of_now, of_before
    freedom = len(now) + len(before) - 2
    off = (T[freedom - 1] if freedom <= len(T) else Z) * math.sqrt(new_variance + old_variance)
    middle = math.log(new / old)
    return math.expm1(middle - off), math.expm1(middle + off)


def _ratio(days: Sequence[Day]) -> tuple[float, float] | None:
    """A ratio, and the variance of its logarithm."""
    part, whole = (sum(values) for values in zip(*days, strict=True)) if days else (0, 0)
    if part <= 0 or whole <= 0 or len(days) < 2:
        return None
    ratio, count = part / whole, len(days)
    squares = sum((above - ratio * below) ** 2 for above, below in days)
    return ratio, count / (count - 1) * squares / part**2
