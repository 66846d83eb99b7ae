"""Intervals of shares."""

import math


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval of 95 per cent for a share."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    apart = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return (middle - apart) / scale, (middle + apart) / scale
