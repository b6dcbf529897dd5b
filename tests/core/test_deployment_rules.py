"""Deployment rules: each mistake is named by its path; what is right passes."""

from __future__ import annotations

from typing import Any

import pytest

from volant.core.deployment_rules import problems
from volant.core.nouns import DatedPrice, DeploymentSpec, Documents, Limits, LimitSpec, TaskSpec, VariantSpec

TASK = TaskSpec(name="help", variants=(VariantSpec(name="v", deployments=("d",)),))


def said(*limits: LimitSpec, **deployment: Any) -> list[tuple[str, str]]:
    spec = DeploymentSpec(name="d", provider="openai", model="gpt", **deployment)
    return list(problems(Documents(deployments=(spec,), tasks=(TASK,), limits=limits)))


def test_what_is_right_passes() -> None:
    assert not said(
        LimitSpec(over="project", limits=Limits(usd_per_month=5)),
        LimitSpec(over="task", name="help", limits=Limits(concurrent=5)),
        LimitSpec(over="model", name="gpt", limits=Limits(tokens_per_day=5)),
        headers={"x-team": "research", "Authorization": "env:UPSTREAM", "x-api-key": "secret:upstream"},
        proxy="http://10.0.0.1:3128",
        options={"region": "eu-west-1"},
        prices=(
            DatedPrice(from_day="2027-01-01", usd_per_million_input_tokens=1, usd_per_million_output_tokens=2),
            DatedPrice(from_day="2027-02-01", usd_per_million_input_tokens=1, usd_per_million_output_tokens=2),
        ),
    )


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"headers": {"x-a": "b\r\nx-evil: 1"}}, "headers.x-a", "line end"),
        ({"headers": {"x-a": "café"}}, "headers.x-a", "cannot stand"),
        ({"headers": {"x a": "b"}}, "headers.x a", "no name"),
        ({"headers": {"Content-Length": "3"}}, "headers.Content-Length", "gateway itself"),
        ({"headers": {"Authorization": "Bearer sk-1"}}, "headers.Authorization", "env:NAME"),
        ({"headers": {"X-Api-Key": "sk-1"}}, "headers.X-Api-Key", "looks like a secret"),
        ({"options": {"region": "eu\n"}}, "options.region", "line end"),
        ({"proxy": "https://proxy"}, "proxy", "http://"),
        ({"proxy": "http://me:word@proxy:1"}, "proxy", "password"),
        ({"requests_per_minute": -1}, "requests_per_minute", "negative"),
        ({"timeout_between_tokens_s": 0}, "timeout_between_tokens_s", "more than 0"),
        ({"usd_per_million_cached_tokens": -0.5}, "usd_per_million_cached_tokens", "negative"),
        ({"prices": (DatedPrice(from_day="1.1.27", usd_per_million_input_tokens=1, usd_per_million_output_tokens=1),)},
         "prices[0].from_day", "2027-01-01"),
        ({"prices": (DatedPrice(from_day="2027-01-01", usd_per_million_input_tokens=-1,
                                usd_per_million_output_tokens=1),)},
         "prices[0].usd_per_million_input_tokens", "negative"),
    ],
)  # fmt: skip
def test_a_mistake_of_a_deployment_is_named(given: dict[str, Any], path: str, words: str) -> None:
    [(where, sentence)] = said(**given)
    assert where == f"deployments.d.{path}"
    assert words in sentence


def test_a_day_is_given_once() -> None:
    price = DatedPrice(from_day="2027-01-01", usd_per_million_input_tokens=1, usd_per_million_output_tokens=1)
    assert [words for _, words in said(prices=(price, price))] == ["2027-01-01 is given twice"] * 2


@pytest.mark.parametrize(
    ("spec", "path", "words"),
    [
        (LimitSpec(over="task", name="hepl", limits=Limits(concurrent=1)), "limits.task.hepl", "no task 'hepl'"),
        (LimitSpec(over="model", name="d", limits=Limits(concurrent=1)), "limits.model.d", "there are: gpt"),
        (LimitSpec(over="project", name="p", limits=Limits(concurrent=1)), "limits.project.p", "leave `name` out"),
        (LimitSpec(over="project", limits=Limits()), "limits.project", "names no limit"),
        (LimitSpec(over="project", limits=Limits(usd_per_day=-1)), "limits.project.usd_per_day", "from 0"),
        (LimitSpec(over="project", limits=Limits(usd_per_day=float("nan"))), "limits.project.usd_per_day", "nan"),
    ],
)
def test_a_mistake_of_a_limit_is_named(spec: LimitSpec, path: str, words: str) -> None:
    [(where, sentence)] = said(spec)
    assert where == path
    assert words in sentence


def test_a_limit_is_given_once() -> None:
    spec = LimitSpec(over="project", limits=Limits(concurrent=1))
    assert said(spec, spec) == [("limits.project", "is given twice")]
