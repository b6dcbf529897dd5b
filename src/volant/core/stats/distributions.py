"""Distributions: the regularised incomplete beta function and the distributions that follow from it.

Knows normal, Student, F, beta and binomial tails, in double precision, with the standard library alone.
Knows nothing of samples, intervals or decisions.

Sources: NIST Digital Library of Mathematical Functions §8.17.22 (continued fraction of the incomplete beta
function); Lentz 1976 as modified by Thompson and Barnett 1986 (evaluation of continued fractions).
"""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300
_MAX_TERMS = 20_000
_NORMAL_FROM_DF = 1e9  # beyond it Student's distribution and the normal one agree to 1e-9


def normal_cdf(z: float) -> float:
    """P(Z <= z) for a standard normal Z, accurate in the lower tail."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def normal_quantile(probability: float) -> float:
    """The z with P(Z <= z) = probability. ValueError unless 0 < probability < 1."""
    _require_open_unit("probability", probability)
    return _NORMAL.inv_cdf(probability)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), the regularised incomplete beta function, which is P(X <= x) for X ~ Beta(a, b).

    ValueError unless a > 0, b > 0 and 0 <= x <= 1. Source: DLMF §8.17.22, and §8.17.4 for the reflection.
    """
    if not (a > 0 and b > 0):
        raise ValueError(f"the shapes of a beta distribution must be positive, got a={a!r}, b={b!r}")
    if not 0.0 <= x <= 1.0:
        raise ValueError(f"x must lie in [0, 1], got {x!r}")
    if x in (0.0, 1.0):
        return x
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1.0) / (a + b + 2.0):
        return min(1.0, math.exp(log_front) * _beta_fraction(a, b, x) / a)
    return max(0.0, 1.0 - math.exp(log_front) * _beta_fraction(b, a, 1.0 - x) / b)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = probability, by Newton's method kept inside a shrinking bracket.

    ValueError unless 0 <= probability <= 1 and the shapes are positive.
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability must lie in [0, 1], got {probability!r}")
    if probability in (0.0, 1.0):
        return probability
    log_norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(400):
        error = incomplete_beta(a, b, x) - probability
        if error == 0.0:
            return x
        low, high = (x, high) if error < 0.0 else (low, x)
        log_density = log_norm + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x)
        step = error / math.exp(log_density) if log_density > -600.0 else math.inf
        following = x - step
        if not low < following < high:
            following = 0.5 * (low + high)
        if following in (x, low, high):  # no number lies between: beside 1 they stand far apart in probability
            return following
        x = following
    return x


def student_tail(t: float, df: float) -> float:
    """P(T > t) for Student's T with df degrees of freedom. ValueError unless df > 0."""
    if not df > 0:
        raise ValueError(f"degrees of freedom must be positive, got {df!r}")
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    if df >= _NORMAL_FROM_DF:
        return normal_cdf(-t)
    square = t * t
    if square < df:  # near the centre: keep the small number, not its complement
        upper = 0.5 * (1.0 - incomplete_beta(0.5, df / 2.0, square / (df + square)))
    else:
        upper = 0.5 * incomplete_beta(df / 2.0, 0.5, df / (df + square))
    return upper if t >= 0 else 1.0 - upper


def student_quantile(probability: float, df: float) -> float:
    """The t with P(T <= t) = probability for Student's T with df degrees of freedom (real, positive)."""
    _require_open_unit("probability", probability)
    if not df > 0:
        raise ValueError(f"degrees of freedom must be positive, got {df!r}")
    if df >= _NORMAL_FROM_DF:
        return normal_quantile(probability)
    if probability < 0.5:
        return -student_quantile(1.0 - probability, df) if probability > 1e-9 else -_student_upper(probability, df)
    if probability == 0.5:
        return 0.0
    return _student_upper(1.0 - probability, df)


def f_quantile(probability: float, df_above: float, df_below: float) -> float:
    """The f with P(F <= f) = probability for Fisher's F with the given degrees of freedom."""
    _require_open_unit("probability", probability)
    x = beta_quantile(probability, df_above / 2.0, df_below / 2.0)
    if x < 0.5:
        return df_below * x / (df_above * (1.0 - x))
    rest = beta_quantile(1.0 - probability, df_below / 2.0, df_above / 2.0)
    return df_below * (1.0 - rest) / (df_above * rest)


def binomial_upper_tail(successes: int, trials: int, rate: float) -> float:
    """P(X >= successes) for X ~ Binomial(trials, rate), through the beta identity (DLMF §8.17.5)."""
    if successes <= 0:
        return 1.0
    if successes > trials:
        return 0.0
    return incomplete_beta(float(successes), float(trials - successes + 1), rate)


def _student_upper(tail: float, df: float) -> float:
    """The positive t with P(T > t) = tail, for 0 < tail < 0.5."""
    centre = 1.0 - 2.0 * tail
    if centre < 0.5:
        y = beta_quantile(centre, 0.5, df / 2.0)
        return math.sqrt(df * y / (1.0 - y))
    x = beta_quantile(2.0 * tail, df / 2.0, 0.5)
    return math.sqrt(df * (1.0 - x) / x)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of DLMF §8.17.22 by the modified Lentz method; converges fast for x < (a+1)/(a+b+2)."""
    c = 1.0
    d = 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            value *= d * c
        if abs(d * c - 1.0) < 1e-16:
            return value
    raise ArithmeticError(f"the incomplete beta function did not converge for a={a!r}, b={b!r}, x={x!r}")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _require_open_unit(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value!r}")
