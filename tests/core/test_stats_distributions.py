"""The distributions against scipy, and their own laws."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.distributions import (
    beta_quantile,
    binomial_upper_tail,
    f_quantile,
    incomplete_beta,
    normal_cdf,
    normal_quantile,
    student_quantile,
    student_tail,
)

shapes = st.floats(0.05, 5_000.0)
inner = st.floats(1e-6, 1 - 1e-6)


@pytest.mark.parametrize("a", [0.5, 1.0, 3.0, 40.5, 2_000.0])
@pytest.mark.parametrize("b", [0.5, 1.0, 7.0, 500.0, 60_000.0])
@pytest.mark.parametrize("x", [1e-9, 0.01, 0.3, 0.5, 0.97, 1 - 1e-9])
def test_incomplete_beta_agrees_with_scipy(a: float, b: float, x: float) -> None:
    special = pytest.importorskip("scipy.special")
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-8, abs=1e-13)


@pytest.mark.parametrize("a", [0.5, 1.0, 3.0, 40.5, 2_000.0])
@pytest.mark.parametrize("b", [0.5, 2.0, 500.0])
@pytest.mark.parametrize("p", [1e-6, 0.025, 0.5, 0.975, 1 - 1e-6])
def test_beta_quantile_agrees_with_scipy(a: float, b: float, p: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert beta_quantile(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b), rel=1e-8, abs=1e-14)


@pytest.mark.parametrize("df", [1, 2, 4.5, 30, 1_000, 1e6, 1e10])
@pytest.mark.parametrize("p", [1e-12, 1e-4, 0.025, 0.4, 0.5, 0.6, 0.95, 0.9995])
def test_student_agrees_with_scipy(df: float, p: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert student_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-6, abs=1e-9)
    for t in (-4.0, -0.3, 0.0, 1e-6, 0.7, 12.0):
        assert student_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-6, abs=1e-15)


@pytest.mark.parametrize(("above", "below"), [(1, 1), (3, 40), (60, 7), (500, 900)])
@pytest.mark.parametrize("p", [0.001, 0.05, 0.5, 0.975, 0.9999])
def test_f_quantile_agrees_with_scipy(above: float, below: float, p: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert f_quantile(p, above, below) == pytest.approx(stats.f.ppf(p, above, below), rel=1e-7)


def test_normal_and_binomial_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for z in (-9.0, -1.645, 0.0, 2.5):
        assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-12)
    assert normal_quantile(0.975) == pytest.approx(1.959963984540054, rel=1e-12)
    for k in (-1, 0, 1, 7, 20, 21):
        assert binomial_upper_tail(k, 20, 0.3) == pytest.approx(stats.binom.sf(k - 1, 20, 0.3), rel=1e-9)


@given(a=shapes, b=shapes, x=inner)
@settings(max_examples=200, deadline=None)
def test_incomplete_beta_reflects(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) + incomplete_beta(b, a, 1.0 - x) == pytest.approx(1.0, abs=1e-7)


@given(a=st.floats(0.3, 300.0), b=st.floats(0.3, 300.0), p=inner)
@settings(max_examples=200, deadline=None)
def test_beta_quantile_inverts(a: float, b: float, p: float) -> None:
    """As well as numbers can say it: beside 1 the next number may be 1e-5 of probability away."""
    found = beta_quantile(p, a, b)
    below, above = (incomplete_beta(a, b, min(1.0, max(0.0, math.nextafter(found, end)))) for end in (0.0, 1.0))
    slack = max(1e-6 * p, 1e-9)
    assert below - slack <= p <= above + slack


@given(df=st.floats(0.5, 1e5), p=st.floats(1e-8, 1 - 1e-8))
@settings(max_examples=200, deadline=None)
def test_student_quantile_inverts_the_tail(df: float, p: float) -> None:
    assert student_tail(student_quantile(p, df), df) == pytest.approx(1.0 - p, rel=1e-5, abs=1e-10)


def test_impossible_arguments_are_refused() -> None:
    for call in (
        lambda: incomplete_beta(0.0, 1.0, 0.5),
        lambda: incomplete_beta(1.0, 1.0, 1.5),
        lambda: beta_quantile(-0.1, 1.0, 1.0),
        lambda: normal_quantile(1.0),
        lambda: student_quantile(0.5, 0.0),
        lambda: student_tail(1.0, -1.0),
        lambda: f_quantile(0.0, 1.0, 1.0),
        lambda: incomplete_beta(math.nan, 1.0, 0.5),
    ):
        with pytest.raises(ValueError, match="must"):
            call()
