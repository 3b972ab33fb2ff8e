"""Everything that knows Sage's words."""
