"""What was erased of lines, so that they are known again, and how far retention has got."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lines", sa.Column("texts_digest", sa.Text))
    op.create_table(
        "digest_keys",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), autoincrement=False),
        sa.Column("sealed_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "retention_progress",
        sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), autoincrement=False),
        sa.Column("looked_seq", sa.BigInteger, nullable=False),
        sa.Column("feed_pk", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_pk"),
    )


def downgrade() -> None:
    op.drop_table("retention_progress")
    op.drop_table("digest_keys")
    op.drop_column("lines", "texts_digest")
