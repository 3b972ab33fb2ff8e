"""API keys have a scope; those that there are may do everything, as before."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("scope", sa.Text(), nullable=False, server_default="admin"))


def downgrade() -> None:
    op.drop_column("api_keys", "scope")
