"""Where webhooks may go: hosts that a setting names, over HTTPS, and no address inside unless it is named as well."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
DEFAULT_PORTS = {"https": 443, "http": 80}
# An IPv6 address that a gateway turns into the IPv4 address at its end (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")
# As many threads as there may be attempts at once: names that nobody answers for must not hold up the others.
NAMES = ThreadPoolExecutor(max_workers=160, thread_name_prefix="names")
VISIBLE = frozenset(chr(code) for code in range(0x21, 0x7F)) - {"\\"}


class TargetRefused(ValueError):
    """No webhook goes there; the text says why, in Vietnamese first where a user sees it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """`hosts`: by exact name (with `:port` if it is not HTTPS's own), the inner networks in which its address may be.

    `http_loopback`: plain HTTP is allowed to this machine itself, for a demo and for tests.
    """

    hosts: Mapping[str, Sequence[Network]]
    http_loopback: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One address to connect to, which was checked, and the name to ask for there."""

    scheme: str
    host: str
    authority: str
    address: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """By address: looked up once more, the name could lead somewhere else."""
        literal = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{literal}:{self.port}{self.path}"


def checked(url: str, allowed: Allowed) -> SplitResult:
    """The parts of a URL that may be a receiver's. Raises `TargetRefused`."""
    if not url or not VISIBLE.issuperset(url):
        raise TargetRefused("địa chỉ chỉ được gồm ký tự ASCII nhìn thấy được")
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError as error:
        raise TargetRefused("không phải là địa chỉ (URL)") from error
    if parts.scheme not in ("https", *(("http",) if allowed.http_loopback else ())):
        raise TargetRefused("địa chỉ phải bắt đầu bằng https://")
    if parts.username is not None or parts.password is not None or parts.fragment or not parts.hostname:
        raise TargetRefused("địa chỉ phải có tên máy chủ, và không được có tài khoản hay phần sau dấu #")
    if authority(parts.hostname, port, parts.scheme) not in allowed.hosts:
        raise TargetRefused(f"máy chủ {parts.hostname} chưa được người vận hành cho phép (OPERATIONS_WEBHOOK_HOSTS)")
    return parts


def authority(host: str, port: int | None, scheme: str) -> str:
    """Host and port as the setting and the header Host have them."""
    name = f"[{host}]" if ":" in host else host
    return name if port in (None, DEFAULT_PORTS[scheme]) else f"{name}:{port}"


async def resolved(url: str, allowed: Allowed) -> Target:
    """Where to connect to, now. Raises `TargetRefused`, or OSError for a name that nobody knows."""
    parts = checked(url, allowed)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    found = await asyncio.get_running_loop().run_in_executor(NAMES, _look_up, host, port)
    # IPv4 first: names have IPv6 addresses more often than machines have the way to them.
    addresses = sorted((ip_address(str(entry[4][0]).partition("%")[0]) for entry in found), key=lambda at: at.version)
    name = authority(host, parts.port, parts.scheme)
    # One that is refused is enough: who answers for the name could choose among them.
    for address in addresses:
        check_address(address, allowed.hosts[name], loopback_only=parts.scheme == "http")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, name, str(addresses[0]), port, path)


def _look_up(host: str, port: int) -> Sequence[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def check_address(address: Address, inner: Sequence[Network], *, loopback_only: bool = False) -> None:
    """Raises `TargetRefused` for what is neither public nor in the networks that the setting names."""
    real = embedded(address)
    if loopback_only and not real.is_loopback:
        raise TargetRefused(f"plain HTTP goes to this machine only, not to {address}")
    if any(real in network for network in inner):
        return
    if not real.is_global or real.is_multicast:
        raise TargetRefused(f"its address {address} is not public, and OPERATIONS_WEBHOOK_HOSTS does not name it")


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
