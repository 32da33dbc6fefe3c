"""`python -m sandbox_cli`."""

from sandbox_cli.app import main

main()
