"""Callers by the access tokens of an OpenID Connect provider, beside those whom the hub itself issued tokens.

Tokens are JSON Web Tokens (RFC 7519, RFC 9068) signed with RS256 or ES256; the provider's keys come from its JWK set.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc.jwk import Key

from hub.auth.provider_tokens import Untrusted, check_claims, is_claim, keys_of, signed_claims
from hub.kernel.access import AccessList, Principal, ProviderPerson, Role
from hub.kernel.credentials import digest_of
from hub.ports.clock import Clock
from hub.ports.worker import Worker
from hub.runtime.settings import Settings

log = logging.getLogger("hub.oidc")
REFRESH_SECONDS = 300.0
"""How long a key that the provider has withdrawn is still taken, and a new one may be unknown to nobody's harm."""
RETRY_SECONDS = 10.0
"""Between two requests for keys, however many tokens name keys that are unknown."""
STALE_SECONDS = 24 * 3_600.0
"""How long keys are taken while the provider does not answer."""
FETCH_SECONDS = 5.0
DOCUMENT_BYTES = 2**20
NAME_CHARS = 200
SOURCES = 100
DISCOVERY = "/.well-known/openid-configuration"
PROVIDER = "provider"
"""The credential of whoever shows a provider's token, and how the account's id begins where no accounts are kept."""
Admit = Callable[[ProviderPerson], Principal | None]
ROLES: frozenset[Role] = frozenset(get_args(Role))


class ProviderKeys:
    """A worker that keeps the provider's keys fresh, so that no request waits for the provider.

    A token with an unknown key is refused, and the keys are asked for at once; providers publish a key before they use
    it. A provider that does not answer is no failure of the worker: known keys go on being taken for STALE_SECONDS.
    """

    name = "oidc.keys"

    def __init__(self, issuer: str, jwks_url: str = "", client: httpx.Client | None = None) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._client = client or httpx.Client(timeout=FETCH_SECONDS)
        self._keys: Mapping[str, Key] = {}
        self._fresh_at = -math.inf
        self._asked_at = -math.inf
        self._wanted = threading.Event()

    def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """See FindKey. A token without a key id is taken where the provider has one key for its algorithm."""
        if time.monotonic() - self._fresh_at > STALE_SECONDS:
            self._wanted.set()
            return None
        if key_id is None:
            fitting = [key for key in self._keys.values() if key.alg == algorithm]
            return fitting[0] if len(fitting) == 1 else None
        key = self._keys.get(key_id)
        if key is None:
            self._wanted.set()
        return key

    def step(self, timeout: float) -> int:
        """Ask the provider where keys are due or missed, and not more often than every RETRY_SECONDS."""
        if not self._due():
            self._wanted.wait(timeout)
        if not self._due():
            return 0
        pause = self._asked_at + RETRY_SECONDS - time.monotonic()
        if pause > 0:
            time.sleep(min(timeout, pause))
            return 0
        self._asked_at = time.monotonic()
        self._wanted.clear()
        try:
            self._keys = keys_of(self._get(self._jwks_url or self._discovered()))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            log.warning("the keys of %s cannot be had: %s", self._issuer, error)
            return 0
        self._fresh_at = time.monotonic()
        return len(self._keys)

    def close(self) -> None:
        self._client.close()

    def _due(self) -> bool:
        return self._wanted.is_set() or time.monotonic() - self._fresh_at > REFRESH_SECONDS

    def _discovered(self) -> str:
        document = orjson.loads(self._get(discovery_at(self._issuer)))
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise ValueError("the discovery document is of another issuer")
        return str(document.get("jwks_uri", ""))

    def _get(self, url: str) -> bytes:
        with self._client.stream("GET", url) as answer:
            answer.raise_for_status()
            data = bytearray()
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > DOCUMENT_BYTES:
                    raise ValueError(f"{url} answers with more than {DOCUMENT_BYTES} bytes")
        return bytes(data)


class OidcAccess:
    """hub.kernel.access.AccessList by access tokens.

    Somebody is known by the issuer and the `name_claim`, which must be one that nobody chooses and that is never given
    to another; `admit` finds or makes their account.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: ProviderKeys,
        clock: Clock,
        *,
        admit: Admit | None = None,
        roles_claim: str = "hub_roles",
        sources_claim: str = "hub_sources",
        name_claim: str = "sub",
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._admit = admit or unknown_account
        self._roles_claim = roles_claim
        self._sources_claim = sources_claim
        self._name_claim = name_claim
        self._host = urlsplit(issuer).hostname or issuer

    def principal(self, token: str) -> Principal | None:
        """Who holds the token; None where it is not a token that this hub takes. The provider is not asked."""
        try:
            claims = signed_claims(token, self._keys.find)
            check_claims(claims, self._clock, iss=is_claim(self._issuer), aud=is_claim(self._audience))
            return self._admit(self.person(claims))
        except Untrusted as reason:
            log.info("an access token is refused: %s", reason)
            return None

    def person(self, claims: Mapping[str, Any]) -> ProviderPerson:
        """Whom the claims of a token that holds are about. Raises Untrusted where they name nobody."""
        name = claims.get(self._name_claim)
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS:
            raise Untrusted(f"without {self._name_claim}")
        roles = ROLES & frozenset(_texts(_within(claims, self._roles_claim)))
        sources = {source.removeprefix("/") for source in _texts(_within(claims, self._sources_claim))}
        if "operator" in roles:
            sources.add("*")
        email = claims.get("email") if claims.get("email_verified") is True else ""
        address = email if isinstance(email, str) and len(email) <= NAME_CHARS else ""
        return ProviderPerson(self._issuer, name, f"{name}@{self._host}", address, roles, frozenset(sources))


def unknown_account(person: ProviderPerson) -> Principal:
    """The person as a principal where no accounts are kept; the account's id comes from issuer and subject."""
    account = f"{PROVIDER}-{digest_of(f'{person.issuer} {person.subject}')[:16]}"
    return Principal(person.name, person.roles, person.sources, account, account, PROVIDER)


class AccessLists:
    """Several lists as one: the first that knows a token tells who holds it."""

    def __init__(self, *lists: AccessList) -> None:
        self._lists = lists

    def principal(self, token: str) -> Principal | None:
        """See hub.kernel.access.AccessList."""
        principals = (known.principal(token) for known in self._lists)
        return next((principal for principal in principals if principal), None)


def discovery_at(issuer: str) -> str:
    """Where the provider describes itself (OpenID Connect Discovery 1.0); empty without one."""
    return issuer.rstrip("/") + DISCOVERY if issuer else ""


def with_oidc(
    issued: AccessList, settings: Settings, clock: Clock, admit: Admit | None = None
) -> tuple[AccessList, tuple[Worker, ...]]:
    """The issued tokens first, then the provider's where one is named, and the worker that keeps its keys fresh."""
    if not settings.oidc_issuer:
        return issued, ()
    keys = ProviderKeys(settings.oidc_issuer, settings.oidc_jwks_url)
    access = OidcAccess(
        settings.oidc_issuer,
        settings.oidc_audience,
        keys,
        clock,
        admit=admit,
        roles_claim=settings.oidc_roles_claim,
        sources_claim=settings.oidc_sources_claim,
        name_claim=settings.oidc_name_claim,
    )
    return AccessLists(issued, access), (keys,)


def _within(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, which may be a URL, or by the way to it through objects, such as `realm_access.roles`."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _texts(value: Any) -> Iterable[str]:
    """The texts of a list, or the words of one text, as providers write such claims."""
    words = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return [word for word in words[:SOURCES] if isinstance(word, str)]
