"""Tables of running the platform: which older programs may work on this schema."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata

schema_state = sa.Table(
    "schema_state",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    sa.Column("runs_from", sa.Text, nullable=False),
)
"""`runs_from`: the oldest revision whose program may still work on this schema, so that an upgrade can be rolled out
one process at a time, and taken back. A migration that such a program could not live with raises it.
"""
