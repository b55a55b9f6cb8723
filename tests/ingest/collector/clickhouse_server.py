"""ClickHouse as a library, behind the part of its HTTP interface that is asked here.

Runs in the environment of `stores-requirements.txt`, prints its port, ends with its standard input.
Databases and tables are real; who may ask is told by the environment.
"""

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

SESSION = Session()
PASSWORD = os.environ.get("SERVER_PASSWORD", "")
FORMAT = " FORMAT JSONEachRow"
OF_HTTP = {"wait_end_of_query"}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers.get("X-ClickHouse-Key", "") != PASSWORD:
            self.answer(
                403, b"Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)"
            )
            return
        try:
            for name, value in parse_qsl(urlsplit(self.path).query):
                if name not in OF_HTTP:
                    SESSION.query(f"SET {name} = '{value}'")
            SESSION.query(f"USE `{self.headers.get('X-ClickHouse-Database', 'default')}`")
            reads = sql.endswith(FORMAT)
            found = SESSION.query(sql.removesuffix(FORMAT), "JSONEachRow") if reads else SESSION.query(sql)
            self.answer(200, found.bytes() or b"")
        except Exception as error:  # as ClickHouse does, it says what was wrong
            self.answer(500, str(error).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
