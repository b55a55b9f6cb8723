"""What a share of decisions tells of how people decide: the less, the fewer they were."""

import math

Z = 1.96  # of 95%


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
