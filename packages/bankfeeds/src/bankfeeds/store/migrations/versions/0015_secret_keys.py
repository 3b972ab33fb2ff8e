"""Which secret keys sealed what is in the database, and how to find what retired ones hashed."""

import sqlalchemy as sa
from alembic import op

from bankfeeds.store.types import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secret_keys",
        sa.Column("mark", sa.Text, primary_key=True),
        sa.Column("since", Instant, nullable=False),
        sa.Column("retired_at", Instant),
        sa.Column("sealed_digest_key", sa.Text),
    )


def downgrade() -> None:
    op.drop_table("secret_keys")
