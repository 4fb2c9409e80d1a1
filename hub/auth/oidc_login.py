"""Signing people in at an OpenID Connect provider: authorization code (RFC 6749) with PKCE (RFC 7636), state and nonce.

The hub's portal is a public client: it has no secret, and what it gets is an access token that hub.auth.oidc takes.
"""

import asyncio
import base64
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import orjson
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from hub.auth.oidc import DOCUMENT_BYTES, FETCH_SECONDS, REFRESH_SECONDS, ProviderKeys, discovery_at
from hub.auth.provider_tokens import FindKey, UnknownKey, Untrusted, check_claims, is_claim, signed_claims
from hub.ports.clock import Clock
from hub.ports.worker import Worker
from hub.runtime.settings import Settings

SCOPE = "openid"
RANDOM_BYTES = 32
KEY_TRIES, KEY_PAUSE_SECONDS = 25, 0.2
"""A key that is new to the hub is asked for by its worker, which the sign-in waits for."""
CODE_CHARS = 4_000
FORM = "application/x-www-form-urlencoded"


class ProviderAway(Exception):
    """The provider does not answer, or not as a provider does; the message is for logs."""


class SignInRefused(Exception):
    """The answer does not belong to the sign-in that was begun, or the provider refuses; the message is for logs."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps, away from scripts, until the provider sends it back."""

    state: str
    nonce: str
    verifier: str
    back: str

    def text(self) -> str:
        """As a cookie holds it."""
        content = orjson.dumps([self.state, self.nonce, self.verifier, self.back])
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    @classmethod
    def read(cls, text: str) -> "Begun | None":
        """What `text` wrote; None for anything else."""
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except ValueError:
            return None
        fine = isinstance(parts, list) and len(parts) == 4 and all(isinstance(part, str) and part for part in parts)
        return cls(*parts) if fine else None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The access token, and for how many seconds it is good."""

    token: str
    seconds: int


class OidcLogin:
    """Asks one provider. `find` knows the keys that it signs with."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        find: FindKey,
        clock: Clock,
        *,
        discovery_url: str = "",
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._find = find
        self._clock = clock
        self._discovery_url = discovery_url or discovery_at(issuer)
        self._client = client or httpx.AsyncClient(timeout=FETCH_SECONDS)
        # Writes requests and sends none: Authlib's own senders want another HTTP client than the hub's.
        self._oauth = OAuth2Client(None, client_id=client_id, scope=SCOPE, code_challenge_method="S256")
        self._document: Mapping[str, Any] = {}
        self._read_at = -REFRESH_SECONDS

    async def begin(self, redirect_uri: str, back: str) -> tuple[str, Begun]:
        """The provider's address to send the browser to. Raises ProviderAway."""
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        address, _ = self._oauth.create_authorization_url(
            await self._endpoint("authorization_endpoint"),
            state=state,
            nonce=nonce,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
        )
        return address, Begun(state, nonce, verifier, back)

    async def finish(self, begun: Begun, answer: Mapping[str, str], redirect_uri: str) -> SignedIn:
        """Exchange the code that the provider sent the browser back with. Raises SignInRefused or ProviderAway."""
        if not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise SignInRefused("of another sign-in")
        if answer.get("iss", self._issuer) != self._issuer:  # RFC 9207
            raise SignInRefused("of another issuer")
        code = answer.get("code", "")
        if not 0 < len(code) <= CODE_CHARS:
            raise SignInRefused(f"no code: {answer.get('error', '')[:100]}")
        tokens = await self._exchanged(code, begun.verifier, redirect_uri)
        token, id_token, seconds = tokens.get("access_token"), tokens.get("id_token"), tokens.get("expires_in", 0)
        if (
            not isinstance(token, str)
            or not isinstance(id_token, str)
            or str(tokens.get("token_type")).lower() != "bearer"
        ):
            raise ProviderAway("no tokens in the answer")
        await self._check(id_token, begun.nonce)
        return SignedIn(token, seconds if type(seconds) is int and seconds > 0 else 0)

    async def end_address(self, back: str) -> str | None:
        """Where to end the session at the provider too (RP-Initiated Logout 1.0); None where it offers none."""
        await self._discovered()
        if not self._document.get("end_session_endpoint"):
            return None
        query = {"client_id": self._client_id, "post_logout_redirect_uri": back}
        return _address(await self._endpoint("end_session_endpoint"), query)

    async def close(self) -> None:
        await self._client.aclose()

    async def _exchanged(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        form = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            client_id=self._client_id,
            code_verifier=verifier,
        )
        status, tokens = await self._ask("POST", await self._endpoint("token_endpoint"), form)
        if status in (400, 401):
            raise SignInRefused(f"the code is not taken: {str(tokens.get('error', ''))[:100]}")
        if status != 200:
            raise ProviderAway(f"the token endpoint answers {status}")
        return tokens

    async def _check(self, id_token: str, nonce: str) -> None:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        try:
            check_claims(
                await self._claims(id_token),
                self._clock,
                iss=is_claim(self._issuer),
                aud=is_claim(self._client_id),
                nonce=is_claim(nonce),
                azp={"value": self._client_id},
            )
        except Untrusted as reason:
            raise SignInRefused(f"the ID token is not taken: {reason}") from None

    async def _claims(self, id_token: str) -> Mapping[str, Any]:
        for _ in range(KEY_TRIES):
            try:
                return signed_claims(id_token, self._find)
            except UnknownKey:
                await asyncio.sleep(KEY_PAUSE_SECONDS)
        raise Untrusted("no such key")

    async def _endpoint(self, name: str) -> str:
        await self._discovered()
        address = self._document.get(name)
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", "http"):
            raise ProviderAway(f"the discovery document has no {name}")
        return address

    async def _discovered(self) -> None:
        """Read the discovery document where it is not fresh; an old one goes on while the provider is away."""
        if time.monotonic() < self._read_at + REFRESH_SECONDS:
            return
        try:
            status, document = await self._ask("GET", self._discovery_url)
            if status != 200 or document.get("issuer") != self._issuer:
                raise ProviderAway("no discovery document of the issuer")
        except ProviderAway:
            if not self._document:
                raise
            return
        self._document, self._read_at = document, time.monotonic()

    async def _ask(self, method: str, url: str, form: str = "") -> tuple[int, Mapping[str, Any]]:
        headers = {"Accept": "application/json"} | ({"Content-Type": FORM} if form else {})
        try:
            async with self._client.stream(method, url, content=form, headers=headers) as answer:
                data = bytearray()
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > DOCUMENT_BYTES:
                        raise ProviderAway(f"{url} answers with more than {DOCUMENT_BYTES} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderAway(f"{url}: {type(error).__name__}") from error
        try:
            content = orjson.loads(data)
        except orjson.JSONDecodeError:
            content = {}
        return answer.status_code, content if isinstance(content, dict) else {}


def sign_in(settings: Settings, clock: Clock, workers: Iterable[Worker]) -> OidcLogin | None:
    """The sign-in of the settings, with the keys that one of the workers keeps; None where no client is named."""
    keys = next((worker for worker in workers if isinstance(worker, ProviderKeys)), None)
    if keys is None or not settings.oidc_client_id:
        return None
    return OidcLogin(
        settings.oidc_issuer,
        settings.oidc_client_id,
        keys.find,
        clock,
        discovery_url=settings.oidc_discovery_url,
    )


def _address(endpoint: str, query: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"
