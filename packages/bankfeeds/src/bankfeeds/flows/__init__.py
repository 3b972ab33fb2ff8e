"""The story: one file per verb, plain functions over the store and the ports."""
