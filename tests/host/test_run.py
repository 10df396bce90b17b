"""A port and a folder are taken by one host at a time; each end is a clean one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from distill.errors import UsageError
from distill.host.home import Home
from distill.host.run import bound, held, url_of


def test_a_folder_has_one_host(tmp_path: Path) -> None:
    with (
        held(Home(tmp_path)),
        pytest.raises(UsageError, match=r"held by process \d+; stop that one first"),
        held(Home(tmp_path)),
    ):
        pass
    with held(Home(tmp_path)) as db:
        assert db.rows("SELECT * FROM files") == []


def test_a_port_that_is_taken() -> None:
    with bound("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 is taken; name another with --port"):
            bound("127.0.0.1", port)


@pytest.mark.parametrize("address", ["203.0.113.7", "", "999.1.1.1"])
def test_an_address_that_is_none_of_ours(address: str) -> None:
    with pytest.raises(UsageError, match="--address"):
        bound(address, 0).close()


def test_the_url_that_clients_take() -> None:
    with bound("127.0.0.1", 0) as made:
        assert url_of(made) == f"http://127.0.0.1:{made.getsockname()[1]}/v1"
        with socket.create_connection(made.getsockname()):  # it is open already
            pass
