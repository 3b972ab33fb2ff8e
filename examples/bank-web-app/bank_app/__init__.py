"""A bank's own web app beside Bankfeeds: it speaks the HTTP API and knows nothing else of it."""
