"""A local stand-in for Sage's Banking Service, with a judge of what arrived."""
