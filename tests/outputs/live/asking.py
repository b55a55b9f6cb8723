"""A server in a thread, and requests to it."""

import http.client
import threading
from contextlib import contextmanager

from pipeline.outputs.live.server import Server


@contextmanager
def serving(site, host="127.0.0.1", **settings):
    """A server on a free port."""
    with Server(site, host, FREE, **settings) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


FREE = 0


def ask(server, path, host="127.0.0.1", method="GET", **headers):
    """The response, and its body."""
    port = server.server_address[1]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.putrequest(method, path, skip_host=True)
    for name, value in [*([("Host", f"{host}:{port}")] if host else []), *headers.items()]:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body
