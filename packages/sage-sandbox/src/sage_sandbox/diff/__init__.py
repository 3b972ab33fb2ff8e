"""`sage-sandbox diff`: what a real Sage environment answered, beside what the sandbox answers to the same."""
