from __future__ import annotations

import copy

import pytest
import torch

from volant.train.config import Optimiser, Schedule
from volant.train.optimise import build_optimiser, build_schedule, learning_rate_factor


@pytest.mark.parametrize("kind", ["cosine", "wsd"])
def test_the_learning_rate_warms_up_holds_or_falls_and_ends_near_nothing(kind: str) -> None:
    schedule = Schedule(kind="wsd" if kind == "wsd" else "cosine", warmup=0.1, tail=0.3)
    factors = [learning_rate_factor(step, 1000, schedule) for step in range(1000)]
    assert factors[0] < 0.02
    assert max(factors) == pytest.approx(1.0, abs=0.01)
    assert factors[:99] == sorted(factors[:99])
    assert factors[100:] == sorted(factors[100:], reverse=True)
    assert 0 < factors[-1] < 0.01
    assert (factors[600] == 1.0) == (kind == "wsd")


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_state_survives_and_the_next_step_is_the_same(kind: str) -> None:
    def parts() -> tuple[torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 4))
        optimiser = build_optimiser(model, Optimiser(kind="muon" if kind == "muon" else "adamw"))
        return model, optimiser, build_schedule(optimiser, 20, Schedule())

    def step(model: torch.nn.Module, optimiser: torch.optim.Optimizer, schedule: object, seed: int) -> None:
        torch.manual_seed(seed)
        model(torch.randn(16, 8)).square().mean().backward()
        optimiser.step()
        schedule.step()  # type: ignore[attr-defined]
        optimiser.zero_grad()

    model, optimiser, schedule = parts()
    for seed in range(5):
        step(model, optimiser, schedule, seed)
    other, other_optimiser, other_schedule = parts()
    other.load_state_dict(model.state_dict())
    other_optimiser.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    other_schedule.load_state_dict(schedule.state_dict())
    before = [value.clone() for value in model.parameters()]
    step(model, optimiser, schedule, 9)
    step(other, other_optimiser, other_schedule, 9)
    for mine, theirs, old in zip(model.parameters(), other.parameters(), before, strict=True):
        assert torch.equal(mine, theirs)
        assert not torch.equal(mine, old)
    assert [group["lr"] for group in optimiser.param_groups] == [group["lr"] for group in other_optimiser.param_groups]
    assert schedule.get_last_lr() == [group["lr"] for group in optimiser.param_groups]
