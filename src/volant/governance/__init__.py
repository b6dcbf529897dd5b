"""Governance: what may go live, and the paper that goes with it.

gate   reports and rules in, a verdict with reasons out (pure)
card   the model card, written from evidence (pure)

Erasure and the decoding scan stand beside them.
"""
