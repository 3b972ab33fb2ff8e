"""The schema, once, for both databases; `migrations/` brings a database to it and a test compares the two.

Nothing is deleted that money passed through: companies, connections and source accounts carry `deleted_at`.
"""

import sqlalchemy as sa

from bankfeeds.store.types import Instant, Json, Money

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SEQ_BITS = 40
"""A line's key is `account_pk << SEQ_BITS | seq`: one integer, appended in order within an account."""

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _pk() -> sa.Column[int]:
    return sa.Column("pk", _Key, sa.Identity(), primary_key=True)


api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("scope", sa.Text, nullable=False, server_default="admin"),
)

listings = sa.Table(
    "listings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("bank_id", sa.Text),
    sa.Column("external_ref", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("provider_url", sa.Text, nullable=False),
    sa.Column("token_url", sa.Text, nullable=False),
    sa.Column("jwks_url", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("connector_issuer", sa.Text),
    sa.Column("connector_audience", sa.Text),
    sa.Column("header_name", sa.Text, nullable=False),
    sa.Column("amount_unit", sa.Text, nullable=False),
    sa.Column("authorization_redirect_url", sa.Text),
    sa.Column("sealed_client_secret", sa.Text, nullable=False),
    sa.Column("sealed_api_key", sa.Text, nullable=False),
    sa.Column("sealed_header_values", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("confirmed_at", Instant),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("confirmed_evidence", sa.Text),
    sa.Column("holds_gaps", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("removed_at", Instant),
)

companies = sa.Table(
    "companies",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("tags", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("deleted_at", Instant),
    sa.Index("ix_companies_created", "created_at", "id"),
)

connections = sa.Table(
    "connections",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("company_id", sa.Text, sa.ForeignKey("companies.id"), nullable=False, index=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("deleted_at", Instant),
)

source_accounts = sa.Table(
    "source_accounts",
    metadata,
    _pk(),
    sa.Column("external_id", sa.Text, nullable=False, unique=True),
    sa.Column("company_id", sa.Text, sa.ForeignKey("companies.id"), nullable=False, index=True),
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("type", sa.Text),
    sa.Column("number", sa.Text),
    sa.Column("sort_code", sa.Text),
    sa.Column("identifier", sa.Text, nullable=False),
    sa.Column("currency", sa.Text),
    sa.Column("balance", Money),
    sa.Column("balance_at", Instant),
    sa.Column("routing", Json),
    sa.Column("info", Json),
    sa.Column("info_at", Instant),
    sa.Column("modified_at", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("feed_start_on", sa.Date),
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("newest_on", sa.Date),
    sa.Column("needs_reauthorisation", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("verifying_since", Instant),
    sa.Column("restored_seq", sa.BigInteger),
    sa.Column("hold_seq", sa.BigInteger),
    sa.Column("cut_over_on", sa.Date),
    sa.Column("presents_late", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("deleted_at", Instant),
    sa.Index(
        "uq_source_accounts_connection_id_id",
        "connection_id",
        "id",
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    ),
    sa.Index(
        "uq_source_accounts_connection_id_identifier",
        "connection_id",
        "identifier",
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    ),
)

lines = sa.Table(
    "lines",
    metadata,
    sa.Column("pk", _Key, primary_key=True, autoincrement=False),
    sa.Column("account_pk", sa.BigInteger, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("posted_on", sa.Date, nullable=False),
    sa.Column("amount", Money, nullable=False),
    sa.Column("balance", Money, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("counterparty", sa.Text),
    sa.Column("reference", sa.Text),
    sa.Column("texts_digest", sa.Text),
    sa.UniqueConstraint("account_pk", "id"),
)

pushes = sa.Table(
    "pushes",
    metadata,
    _pk(),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("company_id", sa.Text, nullable=False),
    sa.Column("connection_id", sa.Text, nullable=False),
    sa.Column("account_pk", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("completed_at", Instant),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("timeout_minutes", sa.Integer),
    sa.Column("times_out_at", Instant),
    sa.Column("first_seq", sa.BigInteger),
    sa.Column("last_seq", sa.BigInteger),
    sa.Column("balance", Money),
    sa.Column("balance_on", sa.Date),
    sa.Column("warnings", Json),
    sa.Column("errors", Json),
    sa.Column("error_message", sa.Text),
    sa.Index("ix_pushes_company_requested", "company_id", "requested_at"),
    sa.Index(
        "ix_pushes_pending",
        "account_pk",
        "last_seq",
        sqlite_where=sa.text("status = 'Pending'"),
        postgresql_where=sa.text("status = 'Pending'"),
    ),
    sa.Index(
        "ix_pushes_times_out",
        "times_out_at",
        sqlite_where=sa.text("status = 'Pending' AND times_out_at IS NOT NULL"),
        postgresql_where=sa.text("status = 'Pending' AND times_out_at IS NOT NULL"),
    ),
    sa.Index("ix_pushes_account_first", "account_pk", "first_seq"),
    sa.Index("ix_pushes_requested", "requested_at"),
    sa.Index(
        "ix_pushes_failed",
        "status",
        "requested_at",
        sqlite_where=sa.text("status IN ('Failed', 'TimedOut')"),
        postgresql_where=sa.text("status IN ('Failed', 'TimedOut')"),
    ),
)

push_follows = sa.Table(
    "push_follows",
    metadata,
    sa.Column("push_pk", _Key, sa.ForeignKey("pushes.pk"), primary_key=True),
    sa.Column("original_pk", _Key, sa.ForeignKey("pushes.pk"), primary_key=True, index=True),
)

feeds = sa.Table(
    "feeds",
    metadata,
    _pk(),
    sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), nullable=False, index=True),
    sa.Column("bank_account_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("start_on", sa.Date),
    sa.Column("chosen_on", sa.Date),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("close_cause", sa.Text),
    sa.Column("opened_seq", sa.BigInteger, nullable=False),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("statement_pk", sa.BigInteger),
    sa.Column("is_held", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_introduced", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("asks_reauthorisation", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("window", sa.Integer),
    sa.Column("narrow_until", sa.BigInteger),
    sa.Column("doubtful_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due_at", Instant),
    sa.Column("waiting_since", Instant),
    sa.Column("lease_token", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", Instant),
    sa.Column("parked_at", Instant),
    sa.Column("parked_seq", sa.BigInteger),
    sa.Column("parked_cause", sa.Text),
    sa.UniqueConstraint("listing_id", "bank_account_id"),
    sa.Index(
        "ix_feeds_due",
        "due_at",
        sqlite_where=sa.text("status = 'open' AND due_at IS NOT NULL AND NOT is_held"),
        postgresql_where=sa.text("status = 'open' AND due_at IS NOT NULL AND NOT is_held"),
    ),
)

statements = sa.Table(
    "statements",
    metadata,
    _pk(),
    sa.Column("feed_pk", sa.BigInteger, sa.ForeignKey("feeds.pk"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("first_seq", sa.BigInteger),
    sa.Column("last_seq", sa.BigInteger),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("ledger_balance", Money),
    sa.Column("ledger_on", sa.Date),
    sa.Column("available_balance", Money),
    sa.Column("available_at", Instant),
    sa.Column("offers", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("doubtful", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("sage_id", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Column("refusal", Json),
    sa.Index(
        "ix_statements_finished",
        "finished_at",
        "status",
        "line_count",
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    ),
)

line_marks = sa.Table(
    "line_marks",
    metadata,
    sa.Column("feed_pk", sa.BigInteger, sa.ForeignKey("feeds.pk"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

authorisations = sa.Table(
    "authorisations",
    metadata,
    _pk(),
    sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("bank_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("state", sa.Text, index=True),
    sa.Column("redirect_uri", sa.Text),
    sa.Column("external_id", sa.Text),
    sa.Column("handle_digest", sa.Text, unique=True),
    sa.Column("connection_id", sa.Text, index=True),
    sa.Column("bound_at", Instant),
    sa.Column("report", Json),
    sa.Column("report_attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("report_due_at", Instant),
    sa.Column("finished_at", Instant),
    sa.UniqueConstraint("listing_id", "id"),
    sa.Index(
        "ix_authorisations_report_due",
        "report_due_at",
        sqlite_where=sa.text("report_due_at IS NOT NULL"),
        postgresql_where=sa.text("report_due_at IS NOT NULL"),
    ),
)

notifications = sa.Table(
    "notifications",
    metadata,
    _pk(),
    sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("resource_type", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("repeats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("result", sa.Text, nullable=False),
    sa.UniqueConstraint("listing_id", "type", "resource_type", "resource_id"),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("account_pk", sa.BigInteger, sa.ForeignKey("source_accounts.pk"), primary_key=True),
    sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), primary_key=True),
    sa.Column("reported_at", Instant, nullable=False),
    sa.Column("checks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("check_due_at", Instant, index=True),
)

otps = sa.Table(
    "otps",
    metadata,
    sa.Column("connection_id", sa.Text, sa.ForeignKey("connections.id"), primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    _pk(),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_login_failures_address", "address", "at"),
)

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("listing_id", sa.Text, sa.ForeignKey("listings.id"), primary_key=True),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
)

pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    _pk(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text),
    sa.Column("detail", Json),
    sa.Index(
        "ix_audit_newest",
        "pk",
        sqlite_where=sa.text("action <> 'push.accept'"),
        postgresql_where=sa.text("action <> 'push.accept'"),
    ),
    sa.Index(
        "ix_audit_acts",
        "subject",
        "at",
        sqlite_where=sa.text("action <> 'push.accept'"),
        postgresql_where=sa.text("action <> 'push.accept'"),
    ),
)
