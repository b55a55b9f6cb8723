import http.client
import socket
import threading

import pytest

from pipeline.errors import SetupError
from pipeline.outputs.docs.server import make_server


@pytest.fixture
def server(tmp_path):
    site = tmp_path / "site"
    (site / "tables").mkdir(parents=True)
    (site / "index.html").write_text("hello")
    (tmp_path / "secret.txt").write_text("secret")
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    server = make_server(site, _free_port())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(server, path, host="127.0.0.1", method="GET"):
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    connection.putrequest(method, path, skip_host=True)
    if host:
        connection.putheader("Host", f"{host}:{server.server_address[1]}")
    connection.endheaders()
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_site_is_served_to_this_machine(server, host):
    response, body = ask(server, "/", host)
    assert (response.status, body) == (200, "hello")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/link.txt",
        "//secret.txt",
        "/tables/",
        "/tables/%00",
        "/nothing",
    ],
)
def test_nothing_outside_the_folder_is_served_and_no_list_of_files(server, path):
    response, body = ask(server, path)
    assert response.status in (400, 404)
    assert "secret\n" not in body
    assert body != "secret"


@pytest.mark.parametrize("host", ["evil.example.com", "", "127.0.0.1.evil.example.com"])
def test_another_name_for_this_machine_is_refused(server, host):
    assert ask(server, "/", host)[0].status == 421


def test_nothing_can_be_sent(server):
    assert ask(server, "/", method="POST")[0].status == 501


def test_a_port_that_is_taken_is_an_error_that_names_it(server, tmp_path):
    port = server.server_address[1]
    with pytest.raises(SetupError, match=f"Port {port} "):
        make_server(tmp_path / "site", port)


def test_without_a_port_any_free_one_is_taken(tmp_path):
    (tmp_path / "index.html").write_text("")
    with make_server(tmp_path) as one, make_server(tmp_path) as other:
        assert one.server_address != other.server_address


def test_a_folder_without_a_site_is_an_error(tmp_path):
    with pytest.raises(SetupError, match="docs generate"):
        make_server(tmp_path)
