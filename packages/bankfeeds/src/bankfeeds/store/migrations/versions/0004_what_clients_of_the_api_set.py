"""What clients of the API set for themselves, removed products, and replies kept for repeated requests."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", Json(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_api_settings"),
    )
    op.create_table(
        "removed_products",
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "product", name="pk_removed_products"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_removed_products_company_id"),
    )
    op.create_table(
        "replies",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("sealed_body", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_replies"),
    )
    op.create_index("ix_replies_expires_at", "replies", ["expires_at"])


def downgrade() -> None:
    op.drop_table("replies")
    op.drop_table("removed_products")
    op.drop_table("api_settings")
