"""What is written for speed says the same as what it stands for."""

import unicodedata
from base64 import b32encode
from hashlib import blake2b
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.kernel.cloudevents import CloudEvent, Envelope
from hub.kernel.identifiers import base32, record_id
from schemas.values import ror_id, url

pytestmark = pytest.mark.unit


@settings(deadline=None)
@given(st.binary(min_size=20, max_size=20))
def test_base32_is_that_of_the_standard(data: bytes) -> None:
    assert base32(int.from_bytes(data), 160) == b32encode(data).decode().lower()


@given(st.text())
def test_a_record_id_is_the_digest_of_the_normalised_identifier(identifier: str) -> None:
    seen = "".join(letter for letter in identifier if unicodedata.category(letter) != "Cf")
    plain = "".join(unicodedata.normalize("NFKC", seen).casefold().split())
    digest = blake2b("\x1f".join(("kind", "scheme", plain)).encode(), digest_size=13).digest()
    assert record_id("kind", "scheme", identifier) == f"kind-{b32encode(digest).decode().lower()[:20]}"


@given(*[st.text(min_size=1, max_size=20)] * 4, st.binary(max_size=20))
def test_an_envelope_makes_the_entry_of_its_event(
    source: str, event_type: str, event_id: str, subject: str, data: bytes
) -> None:
    time = "2026-01-01T00:00:00.000000Z"
    whole = CloudEvent(event_id, source, event_type, subject, time, data).as_entry()
    assert Envelope(source, event_type, time).entry(event_id, subject, data) == whole


def test_check_digits_of_ror_are_those_of_its_alphabet() -> None:
    assert ror_id("https://ror.org/00a2xv884") == "https://ror.org/00a2xv884"
    assert ror_id("02MHBDP94") == "https://ror.org/02mhbdp94"
    for wrong in ("00a2xv885", "00a2xv8\u017f4", "00a2xv88"):
        with pytest.raises(ValueError):
            ror_id(wrong)


@pytest.mark.parametrize(
    "right", ["http://a.cn/b", "HTTPS://u:p@a.cn:8443?q", "http://[2001:db8::1]:80/", "http://例子.测试"]
)
def test_a_web_address_has_a_place_and_a_path(right: str) -> None:
    assert url(right) == right


NO_PLACE = [
    "http://[2001::db8::1]",
    "http://[::1",
    "http://[1.2.3.4]",
    "http://a.cn:0",
    "http://a.cn:65536",
    "http://a.c\u2100b",
]
BLANKS = ["http://a b.cn", "http://a.cn/\u3000", "http://a.cn\n", " http://a.cn"]


@pytest.mark.parametrize("wrong", [*BLANKS, *NO_PLACE, "http://", "http:///a", "ftp://a.cn", "http:a.cn"])
def test_a_web_address_without_a_place_or_with_white_space_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        url(wrong)


@given(st.from_regex(r"https?://[a-z0-9:@.-]{0,9}[/?#]?[^\[\]]{0,4}", fullmatch=True))
def test_web_addresses_are_read_as_the_standard_library_reads_them(value: str) -> None:
    def by_the_book() -> bool:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            return False
        return bool(parts.hostname) and port != 0 and value.split() == [value]

    try:
        taken = url(value) == value
    except ValueError:
        taken = False
    assert taken == by_the_book()
