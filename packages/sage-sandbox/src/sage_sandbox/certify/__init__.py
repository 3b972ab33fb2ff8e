"""`sage-sandbox certify`: tries the contract's test plan (15) against any provider, and reports each item."""
