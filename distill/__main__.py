"""`python -m distill`, for where another tool owns the script name."""

from distill.cli.app import main

main()
