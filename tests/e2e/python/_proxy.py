"""A proxy that takes whoever wants the public cloud to the emulator.

Libraries keep their factory settings that way: they ask https://login.microsoftonline.com, over TLS with the emulator's certificate.
"""

import contextlib
import select
import socket
import socketserver
import threading

# Nothing else exists.
TARGET = "login.microsoftonline.com:443"
TIME_LIMIT = 10


class _Tunnel(socketserver.StreamRequestHandler):
    timeout = TIME_LIMIT

    def handle(self):
        line = self.rfile.readline(1024).decode("latin-1").split()
        while self.rfile.readline(4096) not in (b"\r\n", b"\n", b""):
            pass
        method, target = (line + ["", ""])[:2]
        self.server.asked.append(target)
        if method != "CONNECT" or target != TARGET:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.emulator_port), TIME_LIMIT) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._relay(upstream)

    def _relay(self, upstream):
        ends = {self.connection: upstream, upstream: self.connection}
        while True:
            # A client that keeps its connection says nothing for long; the server's end closes all.
            for end in select.select(list(ends), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    """Listens on the loopback interface while it is used as a context manager."""

    daemon_threads = True
    # Tunnels of clients that keep their connections are not waited for.
    block_on_close = False

    def __init__(self, emulator_port):
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.emulator_port = emulator_port
        # Every target that somebody asked for.
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # a client that went away

    @contextlib.contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join(TIME_LIMIT)
