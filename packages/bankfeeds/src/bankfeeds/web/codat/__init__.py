"""The API the institution speaks, wire-compatible with Codat's Bank Feeds API."""
