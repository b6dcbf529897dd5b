"""Lineage: the evidence chain, both ways.

link     write an edge (every registry function that adds something does it by itself)
why      one answer → everything behind it
impact   one person, record or dataset version → everything derived from it
"""

from volant.registry.edges import Edge, Ref, descendants, link, sources_of, targets_of
from volant.registry.lineage.chain import Chain, Node, walk, why
from volant.registry.lineage.impact import Affected, Impact, impact

__all__ = [
    "Affected",
    "Chain",
    "Edge",
    "Impact",
    "Node",
    "Ref",
    "descendants",
    "impact",
    "link",
    "sources_of",
    "targets_of",
    "walk",
    "why",
]
