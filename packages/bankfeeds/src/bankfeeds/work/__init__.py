"""Loop workers: they claim what is due and move it on."""
