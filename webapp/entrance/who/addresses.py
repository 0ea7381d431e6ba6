"""Distinguishes clients by where they come from."""

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

#: The bits of an IPv6 address that identify one household or machine, which may use as many addresses within them as it likes.
_NETWORK_BITS: Final = 64
#: Addresses that mean nothing outside one network; ipaddress's own is_private also includes those reserved for documentation.
_PRIVATE: Final = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::1/128",
         "fc00::/7", "fe80::/10"),
    )
)  # fmt: skip


def client_at(address: str) -> str:
    """The name of the one client that an address stands for: for IPv6, the network of 64 bits; for IPv4, the address, however
    it is written. Anything that is not an address stands for itself."""
    match _read(address):
        case None:
            return address
        case IPv6Address() as found:
            return str(ip_network((int(found), _NETWORK_BITS), strict=False))
        case found:
            return str(found)


def first_from_outside(passed: Iterable[str], peer: str, believed: Collection[str], *, skip_private: bool) -> str:
    """Where a request comes from: the first in `passed`, the addresses that passed it on, the nearest first, that is not a
    trusted proxy's. skip_private: private addresses are skipped too where the peer's own is private."""
    from_outside = [one for one in passed if one and one not in believed]
    if skip_private and _is_private(peer):
        from_outside = [one for one in from_outside if not _is_private(one)] or from_outside
    return from_outside[0] if from_outside else peer


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_private(address: str) -> bool:
    found = _read(address)
    return found is not None and any(found in network for network in _PRIVATE)
