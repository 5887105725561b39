"""Where a webhook may go, and what looks like it but leads inside."""

from ipaddress import ip_address, ip_network

import pytest

from services.operations.webhooks.targets import Allowed, TargetRefused, check_address, checked, resolved

HERE = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
ALLOWED = Allowed({"hooks.example.vn": [], "hooks.example.vn:8443": [], "[2001:db8::1]": [], "localhost:8080": HERE})
LOOPBACK = Allowed({"localhost:8080": HERE, "outside.example:8080": []}, http_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.vn",
        "https://hooks.example.vn:443/in",
        "https://HOOKS.example.vn/in?of=meetings",
        "https://hooks.example.vn:8443/in",
        "https://[2001:db8::1]/in",
    ],
)
def test_a_host_that_the_setting_names_may_be_a_receiver(url: str) -> None:
    checked(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.vn/in",
        "ftp://hooks.example.vn/in",
        "hooks.example.vn/in",
        "//hooks.example.vn/in",
        "https://",
        "https:///in",
        "https://other.example.vn/in",
        "https://in.hooks.example.vn/",
        "https://hooks.example.vn.evil.example/",
        "https://hooks.example.vn:9000/in",
        "https://hooks.example.vn:99999/in",
        "https://hooks.example.vn:x/in",
        "https://user@hooks.example.vn/in",
        "https://hooks.example.vn@evil.example/in",
        "https://evil.example\\@hooks.example.vn/in",
        "https://hooks.example.vn/in#part",
        "https://hooks.example.vn/a b",
        "https://hooks.example.vn/\r\nHost: evil.example",
        "https://hóoks.example.vn/",
        "https://[::1/",
        "",
        "http://localhost:8080/in",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(TargetRefused):
        checked(url, ALLOWED)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_an_inner_address_is_refused_in_whatever_way_it_is_written(address: str) -> None:
    with pytest.raises(TargetRefused, match="is not public"):
        check_address(ip_address(address), [])


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_one(address: str) -> None:
    check_address(ip_address(address), [])


def test_an_inner_address_is_one_only_for_the_host_whose_setting_names_it() -> None:
    check_address(ip_address("10.20.0.5"), [ip_network("10.20.0.0/24")])
    with pytest.raises(TargetRefused):
        check_address(ip_address("10.20.1.5"), [ip_network("10.20.0.0/24")])


async def test_a_name_is_connected_to_by_the_address_that_was_checked() -> None:
    target = await resolved("http://localhost:8080/in?a=1", LOOPBACK)
    assert target.url in {"http://127.0.0.1:8080/in?a=1", "http://[::1]:8080/in?a=1"}
    assert (target.authority, target.host) == ("localhost:8080", "localhost")


async def test_plain_http_goes_to_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    answers("8.8.8.8", monkeypatch=monkeypatch)
    with pytest.raises(TargetRefused, match="to this machine only"):
        await resolved("http://outside.example:8080/in", LOOPBACK)


async def test_one_inner_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    answers("8.8.8.8", "10.0.0.1", monkeypatch=monkeypatch)
    with pytest.raises(TargetRefused, match=r"10\.0\.0\.1 is not public"):
        await resolved("https://hooks.example.vn/in", ALLOWED)


def answers(*addresses: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name has these addresses."""

    def found(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (address, 443)) for address in addresses]

    monkeypatch.setattr("socket.getaddrinfo", found)
