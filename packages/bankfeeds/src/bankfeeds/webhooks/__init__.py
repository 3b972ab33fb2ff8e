"""Webhook receivers: what is said to them, how it is signed, and which addresses may be called at all."""
