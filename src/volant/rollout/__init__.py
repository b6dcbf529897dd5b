"""Rollout: move traffic to a candidate, or back.

controller   what to do next with a rollout, from its plan, its state and what was observed
users        requests to users: who is complete, in which arm, with which failures and corrections

Both are pure. The loop reads rows from the store, asks, and writes the split that the gateways read.
"""

from volant.rollout.controller import Look, RolloutState, check_plan, first_state, next_state, split_of
from volant.rollout.users import Row

__all__ = ["Look", "RolloutState", "Row", "check_plan", "first_state", "next_state", "split_of"]
