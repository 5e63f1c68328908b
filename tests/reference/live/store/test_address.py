"""Addresses: the meaning of a URL, and the URLs that are rejected."""

import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference.live.store.address import (
    Address,
    Cluster,
    Login,
    Sentinels,
    Server,
    Socket,
    Tls,
    read_address,
)
from gnomon.reference.live.store.errors import StoreUnusable

ONE = Server("db.example", 6379)
OTHER = Server("10.0.0.2", 7000)

# --- what a URL means

MEANINGS = [
    ("redis://db.example", Address(ONE)),
    ("redis://db.example/", Address(ONE)),
    ("redis://db.example:6379/0", Address(ONE)),
    ("redis://10.0.0.2:7000/3", Address(OTHER, db=3)),
    ("redis://[::1]:7000", Address(Server("::1", 7000))),
    ("redis://[::1]", Address(Server("::1", 6379))),
    ("redis://:p@db.example", Address(ONE, login=Login(None, "p"))),
    ("redis://u:p@db.example", Address(ONE, login=Login("u", "p"))),
    ("redis://u:p:q@db.example", Address(ONE, login=Login("u", "p:q"))),
    ("redis://u%40x:%2F%3A%C3%A9@db.example", Address(ONE, login=Login("u@x", "/:é"))),
    ("redis://:@db.example", Address(ONE)),
    ("rediss://db.example/1", Address(ONE, db=1, tls=Tls())),
    (f"rediss://db.example?ca={quote(__file__)}", Address(ONE, tls=Tls(__file__))),
    ("unix:///run/redis.sock", Address(Socket("/run/redis.sock"))),
    ("unix:///a%20b@c?db=2", Address(Socket("/a b@c"), db=2)),
    ("unix://u:p@/run/redis.sock", Address(Socket("/run/redis.sock"), login=Login("u", "p"))),
    (
        "redis+sentinel://db.example,10.0.0.2:7000/main",
        Address(Sentinels((Server("db.example", 26379), OTHER), "main")),
    ),
    (
        "redis+sentinel://u:p@10.0.0.2:7000/a%2Fb?db=4&sentinel_user=s&sentinel_password=q%26",
        Address(Sentinels((OTHER,), "a/b", Login("s", "q&")), login=Login("u", "p"), db=4),
    ),
    (
        "redis+cluster://:p@db.example,10.0.0.2:7000",
        Address(Cluster((ONE, OTHER)), login=Login(None, "p")),
    ),
]


@pytest.mark.parametrize(("url", "address"), MEANINGS, ids=[url for url, _ in MEANINGS])
def test_what_a_url_means(url: str, address: Address) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize("url", [url for url, _ in MEANINGS if "@" not in url])
def test_an_address_without_a_password_reads_as_it_is_written(url: str) -> None:
    address = read_address(url)
    assert read_address(str(address)) == address


@given(path=st.text(min_size=1).filter(lambda text: "\0" not in text))
def test_any_socket_can_be_written(path: str) -> None:
    address = Address(Socket("/" + path))
    assert read_address(str(address)) == address


SECRET = "s3cr3t"  # noqa: S105


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{SECRET}@h",
        f"unix://u:{SECRET}@/s",
        f"redis+cluster://u:{SECRET}@h",
        f"redis+sentinel://u:{SECRET}@h/s?sentinel_user=x&sentinel_password={SECRET}",
    ],
)
def test_no_text_of_an_address_tells_a_password(url: str) -> None:
    address = read_address(url)
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301 (it can go to processes)
    for text in (str(address), repr(address), f"{address.place} {address.login}"):
        assert SECRET not in text
    assert "***@" in str(address)


# --- what is rejected

REJECTED = [
    ("", "redis://host"),
    ("localhost:6379", "redis://host"),
    ("http://db.example", "http://"),
    ("REDIS://db.example", "redis://host"),
    ("redis://", "no host"),
    ("redis:///0", "no host"),
    ("redis://:p@", "no host"),
    ("redis://a b", "host:port"),
    ("redis://::1:6379", "[::1]:6379"),
    ("redis://h:0", "1 to 65535"),
    ("redis://h:65536", "1 to 65535"),
    ("redis://h:port", "host:port"),
    ("redis://h:٣", "host:port"),
    ("redis://" + 64 * "h", "63"),
    ("redis://h..h", "63"),
    ("redis://h1,h2", "several"),
    ("redis://h/x", "database"),
    ("redis://h/-1", "database"),
    ("redis://h/1/2", "database"),
    ("redis://h?db=1", "'db'"),
    ("redis://h?ca=x", "'ca'"),
    ("redis://h#1", "%23"),
    ("redis://u@h", "user:password@"),
    (f"redis://u:{SECRET}/x@h", "%2F"),
    (f"redis://u:{SECRET}?x@h", "%3F"),
    (f"redis://u:{SECRET}#x@h", "%23"),
    (f"redis://u:{SECRET}%zz@h", "%25"),
    (f"redis://u:{SECRET}%ff@h", "UTF-8"),
    (f"redis://u:{SECRET}", "host:port"),
    ("rediss://h?cert=x", "'cert'"),
    ("rediss://h?ca=a&ca=b", "twice"),
    ("rediss://h?ca=/nowhere/ca.pem", "'/nowhere/ca.pem'"),
    ("rediss://h?ca=%00", "not there"),
    ("unix://", "no path"),
    ("unix:///", "no path"),
    ("unix://run/redis.sock", "unix:///path"),
    ("unix:///s%00", "no path"),
    ("unix:///\udcff", "UTF-8"),
    ("unix:///s?db=one", "database"),
    ("redis+sentinel://h:26379", "service"),
    ("redis+sentinel://h:26379/", "service"),
    ("redis+sentinel://h,/main", "no host"),
    ("redis+sentinel://h/main?sentinel_user=x", "sentinel_password"),
    ("redis+sentinel://h/main?name=x", "sentinel_password"),
    ("redis+cluster://h/1", "only one"),
    ("redis+cluster://h?db=1", "'db'"),
    ("redis+cluster://", "no host"),
]


@pytest.mark.parametrize(("url", "told"), REJECTED, ids=[ascii(url) for url, _ in REJECTED])
def test_what_is_rejected_is_told_why_and_tells_no_password(url: str, told: str) -> None:
    with pytest.raises(StoreUnusable) as caught:
        read_address(url)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


@given(url=st.one_of(st.text(), st.from_regex(r"(redis|unix|redis\+sentinel|rediss)://.*")))
def test_any_text_is_an_address_or_is_rejected(url: str) -> None:
    try:
        address = read_address(url)
    except StoreUnusable:
        return
    if isinstance(address.place, Server):
        assert 1 <= address.place.port <= 65_535
