"""Names and addresses of machines, as requests and people give them."""

import ipaddress


def host_of(header: str) -> str:
    """The host of a Host header, without its port.

    >>> host_of("localhost:4318"), host_of("[::1]:4318")
    ('localhost', '::1')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def is_this_machine(host: str) -> bool:
    """Whether a name or an address leads to this machine, whoever resolves it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
