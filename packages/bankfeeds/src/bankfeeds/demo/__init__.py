"""The demo and dev: both programs started, the institution and the Sage user played."""
