"""Tables of the portal: operators, and the sessions they are signed in with; of secrets only what cannot be undone."""

import sqlalchemy as sa

from bankfeeds.store.tables import metadata
from bankfeeds.store.types import Instant

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LIVE = sa.text("removed_at IS NULL")

operators = sa.Table(
    "operators",
    metadata,
    sa.Column("pk", _Key, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("signed_in_at", Instant),
    sa.Column("removed_at", Instant),
    sa.Column("initial_until", Instant),
    sa.Index("uq_operators_live_name", "name", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
)

operator_sessions = sa.Table(
    "operator_sessions",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("operator_pk", _Key, sa.ForeignKey("operators.pk"), nullable=False, index=True),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("sealed_flash", sa.Text),
)
