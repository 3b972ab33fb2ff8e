"""`python -m sage_sandbox` is `sage-sandbox`."""

from sage_sandbox.cli import main

main()
