"""Tables of running the platform: which older programs may work on this schema, and what was erased."""

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

digest_keys = sa.Table(
    "digest_keys",
    metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    sa.Column("sealed_key", sa.Text, nullable=False),
)
"""The key of `lines.texts_digest`. Made when the first line's texts are erased, and never changed."""

retention_progress = sa.Table(
    "retention_progress",
    metadata,
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), primary_key=True),
    sa.Column("looked_seq", sa.BigInteger, nullable=False),
    sa.Column("feed_pk", sa.BigInteger, nullable=False),
)
"""Up to which line of each account the texts are erased that may be, as long as `feed_pk` is its newest feed."""
