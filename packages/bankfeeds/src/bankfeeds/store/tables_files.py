"""Tables of statement files: which were taken, what each said of which account, and the pushes made of it."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant, Money

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

statement_files = sa.Table(
    "statement_files",
    metadata,
    sa.Column("pk", _Key, sa.Identity(), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("taken_at", Instant, nullable=False),
    sa.Column("taken_by", sa.Text, nullable=False),
)
"""Written before the first of its lines is pushed. The file itself is not kept."""

statement_file_accounts = sa.Table(
    "statement_file_accounts",
    metadata,
    sa.Column("file_pk", sa.BigInteger, sa.ForeignKey("statement_files.pk"), primary_key=True),
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), primary_key=True),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("new", sa.BigInteger, nullable=False),
    sa.Column("known", sa.BigInteger, nullable=False),
    sa.Column("late", sa.BigInteger, nullable=False),
    sa.Column("pending", sa.BigInteger, nullable=False),
    sa.Column("opening", Money),
    sa.Column("closing", Money),
    sa.Index("ix_statement_file_accounts_account_pk", "account_pk", "file_pk"),
)

statement_file_pushes = sa.Table(
    "statement_file_pushes",
    metadata,
    sa.Column("push_key", sa.Text, primary_key=True),
    sa.Column("file_pk", sa.BigInteger, sa.ForeignKey("statement_files.pk"), nullable=False),
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Index("ix_statement_file_pushes_file_pk", "file_pk", "account_pk", "position"),
)
"""Every push that a file is to become, in order. One that never came to be has no row in `pushes`."""

statement_uploads = sa.Table(
    "statement_uploads",
    metadata,
    sa.Column("pk", _Key, sa.Identity(), primary_key=True),
    sa.Column("operator_pk", _Key, sa.ForeignKey("operators.pk"), nullable=False, unique=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("sealed_content", sa.Text, nullable=False),
)
"""What an operator is looking at in the portal before it is taken: at most one file each, sealed, for an hour."""
