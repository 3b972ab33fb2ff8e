"""Accounts that move from another server: the day from which their lines go to Sage from here."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_accounts", sa.Column("cut_over_on", sa.Date))
    op.add_column("feeds", sa.Column("chosen_on", sa.Date))


def downgrade() -> None:
    op.drop_column("feeds", "chosen_on")
    op.drop_column("source_accounts", "cut_over_on")
