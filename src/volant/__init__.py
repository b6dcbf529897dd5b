"""Volant runs the whole life of a language model in production, as one loop."""

__version__ = "0.1.0"
