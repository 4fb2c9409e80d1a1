"""The tables of accounts. Sets of words are one text with spaces between; times are RFC 3339 in UTC.

People's names, what they are known by and whom an invitation is for are sealed (`adapters/private.py`); a code's
address is sealed by its ticket. What is looked for is found by a keyed fingerprint.

Sessions, codes and links are not carried over by a move: people sign in anew.
"""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from hub.sql.metadata import ADDED, NAME, in_store, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", NAME, nullable=False),
    Column("disabled_at", NAME),
    info=in_store("accounts"),
)

identities = Table(
    "identities",
    metadata,
    Column("scheme", NAME, primary_key=True),  # `email`, or the issuer of a provider
    Column("value", NAME, primary_key=True),  # a fingerprint where `sealed` has the value
    Column("account", NAME, nullable=False),
    Column("verified_at", NAME, nullable=False),
    Column("sealed", Text, info=ADDED),
    info=in_store("accounts"),
)
Index("identities_of", identities.c.account)

tenancies = Table(
    "tenancies",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("credit_code", NAME, nullable=False),
    Column("record_id", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("verified_by", NAME, nullable=False),
    Column("verified_at", NAME),
    Column("evidence", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("created_at", NAME, nullable=False),
    info=in_store("accounts"),
)
Index("tenancies_having", tenancies.c.state, tenancies.c.created_at, tenancies.c.id)
IS_VERIFIED = (tenancies.c.state == "verified") & (tenancies.c.credit_code != "")
Index(
    "verified_credit_codes",
    tenancies.c.credit_code,
    unique=True,
    postgresql_where=IS_VERIFIED,
    sqlite_where=IS_VERIFIED,
)

memberships = Table(
    "memberships",
    metadata,
    Column("account", NAME, primary_key=True),
    Column("tenancy", NAME, primary_key=True),
    Column("roles", Text, nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("since", NAME, nullable=False),
    info=in_store("accounts"),
)
Index("members_of", memberships.c.tenancy, memberships.c.since, memberships.c.account)

tokens = Table(
    "tokens",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("digest", NAME, nullable=False),
    Column("account", NAME, nullable=False),
    Column("tenancy", NAME, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("created_at", NAME, nullable=False),
    Column("expires_at", NAME),
    Column("used_at", NAME),
    Column("revoked_at", NAME),
    info=in_store("accounts"),
)
Index("tokens_of", tokens.c.account, tokens.c.created_at)

sessions = Table(
    "sessions",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("digest", NAME, nullable=False),
    Column("account", NAME, nullable=False),
    Column("tenancy", NAME, nullable=False),
    Column("parent", NAME, nullable=False),  # the token that it was exchanged for
    Column("roles", Text, nullable=False),  # that a provider granted beside those of the membership
    Column("sources", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("address", NAME, nullable=False),  # keyed digest
    Column("created_at", NAME, nullable=False),
    Column("used_at", NAME, nullable=False),
    Column("expires_at", NAME, nullable=False),
    Column("formerly", Text, info=ADDED),
    info=in_store("accounts", moved=False),
)
Index("sessions_of", sessions.c.account, sessions.c.created_at)
Index("sessions_ending", sessions.c.expires_at)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("digest", NAME, nullable=False),  # of a code keyed, of a link plain
    Column("email", NAME, nullable=False),  # a fingerprint
    Column("account", NAME, nullable=False),
    Column("parent", NAME, nullable=False),
    Column("address", NAME, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", NAME, nullable=False),
    Column("expires_at", NAME, nullable=False),
    Column("used_at", NAME),
    Column("sealed", Text, info=ADDED),
    info=in_store("accounts", moved=False),
)
Index("sign_ins_for", sign_ins.c.email, sign_ins.c.created_at)
Index("sign_ins_made", sign_ins.c.created_at)

invitations = Table(
    "invitations",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("digest", NAME, nullable=False),
    Column("tenancy", NAME, nullable=False),
    Column("email", NAME, nullable=False),
    Column("roles", Text, nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("invited_by", NAME, nullable=False),
    Column("created_at", NAME, nullable=False),
    Column("expires_at", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("answered_by", NAME, nullable=False),
    Column("answered_at", NAME),
    info=in_store("accounts"),
)
Index("invitations_of", invitations.c.tenancy, invitations.c.created_at)
