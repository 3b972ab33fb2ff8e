"""The hosted authorisation page, shown in Sage's iframe."""
