"""`python -m momus` is `momus`."""

from momus.cli import main

main()
