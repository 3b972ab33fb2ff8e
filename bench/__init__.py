"""The benchmark: `make bench`. README.md beside this file tells how to read it."""
