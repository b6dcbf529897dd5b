"""`python -m volant.cli` is the command `volant`."""

from volant.cli.main import main

main()
