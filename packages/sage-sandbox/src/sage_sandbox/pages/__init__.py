"""What the browser sees: templates, one style sheet, no scripts."""
