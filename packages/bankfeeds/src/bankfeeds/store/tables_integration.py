"""What the institution sets of its integration with Sage, and how it looks there."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant, Json

THE_ONE = 1

integrations = sa.Table(
    "integrations",
    metadata,
    sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), primary_key=True),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("call_to_action_text", sa.Text),
    sa.Column("call_to_action_url", sa.Text),
    sa.Column("changed_at", Instant, nullable=False),
)

institution = sa.Table(
    "institution",
    metadata,
    sa.Column("pk", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("redirect_hosts", Json),
    sa.Column("data_types", Json),
    sa.Column("name", sa.Text),
    sa.Column("colour", sa.Text),
    sa.Column("logo", sa.LargeBinary),
    sa.Column("logo_type", sa.Text),
    sa.Column("logo_digest", sa.Text),
    sa.Column("changed_at", Instant),
)
"""One row, there from the first migration on: pk is THE_ONE."""
