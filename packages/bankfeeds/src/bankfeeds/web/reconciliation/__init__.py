"""A reconciliation on paper and in spreadsheets: one HTML file without anything from elsewhere, or CSV."""
