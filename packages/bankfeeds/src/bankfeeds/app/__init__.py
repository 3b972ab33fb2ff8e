"""The composition root: builds the world from the settings, and runs it."""
