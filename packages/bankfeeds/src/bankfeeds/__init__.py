"""A self-hosted bank feeds platform that speaks Codat's API inward and Sage's Banking Service outward."""
