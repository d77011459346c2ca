"""`python -m clew` is `clew`."""

from clew.cli.app import main

main()
