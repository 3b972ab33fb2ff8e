"""What an institution sets of its integration with Sage, and how it looks there."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "integrations",
        sa.Column("listing_id", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("call_to_action_text", sa.Text()),
        sa.Column("call_to_action_url", sa.Text()),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name="fk_integrations_listing_id"),
        sa.PrimaryKeyConstraint("listing_id", name="pk_integrations"),
    )
    institution = op.create_table(
        "institution",
        sa.Column("pk", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("redirect_hosts", Json()),
        sa.Column("data_types", Json()),
        sa.Column("name", sa.Text()),
        sa.Column("colour", sa.Text()),
        sa.Column("logo", sa.LargeBinary()),
        sa.Column("logo_type", sa.Text()),
        sa.Column("logo_digest", sa.Text()),
        sa.Column("changed_at", Instant()),
        sa.PrimaryKeyConstraint("pk", name="pk_institution"),
    )
    op.bulk_insert(institution, [{"pk": 1}])


def downgrade() -> None:
    op.drop_table("institution")
    op.drop_table("integrations")
