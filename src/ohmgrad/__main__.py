"""`python -m ohmgrad` is the terminal program."""

from ohmgrad.cli import main

main()
