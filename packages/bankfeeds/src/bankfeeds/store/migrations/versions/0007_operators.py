"""Operators of the portal and their sessions."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LIVE = sa.text("removed_at IS NULL")


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "operators",
        sa.Column("pk", key, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("signed_in_at", Instant()),
        sa.Column("removed_at", Instant()),
        sa.PrimaryKeyConstraint("pk", name="pk_operators"),
    )
    op.create_index(
        "uq_operators_live_name", "operators", ["name"], unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE
    )
    op.create_table(
        "operator_sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("operator_pk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("sealed_flash", sa.Text()),
        sa.PrimaryKeyConstraint("digest", name="pk_operator_sessions"),
        sa.ForeignKeyConstraint(["operator_pk"], ["operators.pk"], name="fk_operator_sessions_operator_pk"),
    )
    op.create_index("ix_operator_sessions_operator_pk", "operator_sessions", ["operator_pk"])


def downgrade() -> None:
    op.drop_table("operator_sessions")
    op.drop_table("operators")
