"""Command line: `volant`. One file per noun, thin: parse, call the server, show.

main       the entry point: errors as text or JSON, exit codes
commands/  one module per noun or verb, found by itself
client     a small HTTP client on the standard library
options    the options that many commands share
show       tables, key-value cards and JSON
"""

from volant.cli.main import main

__all__ = ["main"]
