"""A Sage product's Banking area for people: a client of the Consumer API like any other, with pages in front."""
