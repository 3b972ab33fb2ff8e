"""Another server that speaks Codat's Bank Feeds API, read to bring over what is there; never written to."""
