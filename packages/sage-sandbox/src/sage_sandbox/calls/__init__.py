"""The live view of calls in both directions: what was said, how long it took, which rule refused it."""
