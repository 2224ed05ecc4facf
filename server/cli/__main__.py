"""`python -m server.cli` is `spark`."""

from server.cli import main

main()
