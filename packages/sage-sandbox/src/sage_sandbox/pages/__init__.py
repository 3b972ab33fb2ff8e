"""The Banking Service's own pages, which products show in a frame."""
