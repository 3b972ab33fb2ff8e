"""Statement files taken, the pushes made of them, and files being looked at in the portal."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant, Money

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "statement_files",
        sa.Column("pk", _Key, sa.Identity(), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("format", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("taken_at", Instant, nullable=False),
        sa.Column("taken_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_statement_files_sha256", "statement_files", ["sha256"])
    op.create_table(
        "statement_file_accounts",
        sa.Column("file_pk", sa.BigInteger, sa.ForeignKey("statement_files.pk"), nullable=False),
        sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("lines", "new", "known", "late", "pending")),
        sa.Column("opening", Money),
        sa.Column("closing", Money),
        sa.PrimaryKeyConstraint("file_pk", "account_pk"),
    )
    op.create_index(
        "ix_statement_file_accounts_account_pk", "statement_file_accounts", ["account_pk", "file_pk"]
    )
    op.create_table(
        "statement_file_pushes",
        sa.Column("push_key", sa.Text, nullable=False),
        sa.Column("file_pk", sa.BigInteger, sa.ForeignKey("statement_files.pk"), nullable=False),
        sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("push_key"),
    )
    op.create_index(
        "ix_statement_file_pushes_file_pk", "statement_file_pushes", ["file_pk", "account_pk", "position"]
    )
    op.create_table(
        "statement_uploads",
        sa.Column("pk", _Key, sa.Identity(), nullable=False),
        sa.Column("operator_pk", _Key, sa.ForeignKey("operators.pk"), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("sealed_content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("operator_pk"),
        sa.UniqueConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("statement_uploads")
    op.drop_table("statement_file_pushes")
    op.drop_table("statement_file_accounts")
    op.drop_table("statement_files")
