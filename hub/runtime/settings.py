"""One settings object; each value can be given as an environment variable HUB_<NAME>."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the hub keeps its data, which adapters it runs on and the limits it holds."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_file=None, extra="ignore")

    profile: Literal["embedded", "real"] = "embedded"
    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: Annotated[str, AfterValidator(lambda address: address.rstrip("/"))] = Field(
        default="",
        pattern=r"^(https?://[^/\s?#]+/?)?$",
        description="The hub's address as its readers know it (https://hub.example.org); empty: as they call it.",
    )
    hosts: str = Field(default="", description="Further host names that the hub is called by, between commas.")
    instance: str = Field(default="1", pattern=r"^[A-Za-z0-9_.-]{1,60}$", description="Of several processes of a role.")
    node: str = Field(default="research-hub.local", description="This node's name, part of event sources.")
    timezone: str = "Asia/Shanghai"
    sources_file: Path | None = Field(default=None, description="Overrides the shipped list of submission sources.")
    partitions: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Of each topic but dead letters; None: 1 on the embedded log, on Kafka what its contract says.",
    )
    map_tiles: str = Field(
        default="", description="URL template of a tile service for the portal's map; empty: coastlines only."
    )

    max_body_bytes: int = Field(default=256 * 2**20, description="Of one upload.")
    max_row_bytes: int = Field(default=256 * 2**10, description="Of one record.")
    max_field_chars: int = Field(default=20_000, description="Of one text field.")
    batch_rows: int = Field(
        default=2_000, ge=1, le=20_000, description="Rows handled at once by ingest, curation and sinks."
    )

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_replication: int = Field(default=1, ge=1, le=9, description="Replicas of each topic that the hub creates.")
    kafka_min_insync: int = Field(
        default=1, ge=1, le=9, description="Replicas that must have an entry to be acknowledged."
    )
    elasticsearch_url: str = "http://127.0.0.1:9200"
    postgresql_dsn: str = "postgresql://hub@127.0.0.1:5432/hub"
    api_url: str = Field(
        default="", description="Where a portal that runs alone reaches the hub's APIs; empty: in its own process."
    )

    session_hours: int = Field(default=720, ge=1, description="After which one signs in again.")
    session_idle_hours: int = Field(default=168, ge=1, description="Without use, after which one signs in again.")
    smtp_host: str = Field(
        default="", description="Of the mail server; empty: no mail, but the embedded hub keeps a local mailbox."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = Field(default="hub@localhost", description="The address that the hub's mail comes from.")

    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="Of the lines on standard error; auto: text on a terminal, else JSON."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    trace_endpoint: str = Field(
        default="",
        description="OTLP/HTTP address for traces, such as http://host:4318/v1/traces; empty: none are sent.",
    )
    trace_ratio: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of requests that are traced, beside those whose caller traces them.",
    )
    metrics_public: bool = Field(
        default=False, description="Whether anybody may read /metrics; else operators and this machine alone."
    )
    failing_seconds: float = Field(
        default=30.0, ge=0, description="So long a worker may fail before the process is no longer ready."
    )
    lag_bound: int = Field(default=50_000, ge=0, description="A worker with more entries before it is told as lagging.")

    oidc_issuer: str = Field(default="", description="Of the OpenID Connect provider; empty: issued tokens alone.")
    oidc_audience: str = Field(default="research-hub", description="That access tokens must be meant for.")
    oidc_jwks_url: str = Field(default="", description="Of the provider's keys; empty: as its discovery document says.")
    oidc_client_id: str = Field(
        default="",
        description="The portal as a public client of the provider (code flow, PKCE); empty: no such sign-in.",
    )
    oidc_discovery_url: str = Field(
        default="",
        description="Of the discovery document, where the portal cannot reach it at the issuer's own address.",
    )
    oidc_name_claim: str = Field(
        default="sub", description="Bookings belong to it: one that nobody chooses and that is never given to another."
    )
    oidc_roles_claim: str = Field(default="hub_roles", description="A dot leads into a claim that is an object.")
    oidc_sources_claim: str = Field(default="hub_sources", description="Sources that the caller may submit for.")

    @property
    def topic_partitions(self) -> int | None:
        """What `schemas.topics.topics` is to be asked for on this profile."""
        return self.partitions or 1 if self.profile == "embedded" else self.partitions
