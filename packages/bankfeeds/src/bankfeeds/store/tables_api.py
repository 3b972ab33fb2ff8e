"""Tables of what clients of the API set for themselves, and of the replies kept for repeated requests."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant, Json

api_settings = sa.Table(
    "api_settings",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", Json, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)

removed_products = sa.Table(
    "removed_products",
    metadata,
    sa.Column("company_id", sa.Text, sa.ForeignKey("companies.id"), primary_key=True),
    sa.Column("product", sa.Text, primary_key=True),
    sa.Column("removed_at", Instant, nullable=False),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("sealed_body", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
