"""What an Azure CLI without settings for private clouds wants: the public cloud's sign-in host, and a resource manager.

Before 2.54 it asks https://login.microsoftonline.com about every other host, and always asks the resource manager for subscriptions when somebody signs in.
"""

import contextlib
import datetime
import http.server
import json
import os
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from _proxy import Proxy

AUTHORITY = "https://login.microsoftonline.com"
TIME_LIMIT = 10


class _Answers(http.server.BaseHTTPRequestHandler):
    """An account without subscriptions, for whoever brings a token."""

    timeout = TIME_LIMIT

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if not self.headers.get("authorization", "").startswith("Bearer ey"):
            return self.answer(401, {"error": {"code": "AuthenticationFailed", "message": "no token"}})
        if path != "/subscriptions":
            return self.answer(404, {"error": {"code": "NotFound", "message": path}})
        return self.answer(200, {"value": []})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass  # the tests ask the server what it was asked


class ResourceManager(http.server.ThreadingHTTPServer):
    """Listens on the loopback interface with a certificate of its own, in the file `certificate`, which holds its key too."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake is done by the thread of the connection, on its first read.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self):
        return f"https://localhost:{self.server_address[1]}"

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


class Cloud:
    """Both, while it is used as a context manager. `ca` trusts the emulator and the resource manager, `scratch` is a folder for files."""

    def __init__(self, emulator, scratch):
        own = os.path.join(scratch, "resource-manager.pem")
        key, certificate = _certificate_for_localhost()
        with open(own, "w", encoding="ascii") as file:
            file.write(key + certificate)
        self.ca = os.path.join(scratch, "ca.pem")
        with open(emulator.ca, encoding="ascii") as emulators, open(self.ca, "w", encoding="ascii") as file:
            file.write(emulators.read() + certificate)
        self.proxy = Proxy(emulator.port)
        self.resource_manager = ResourceManager(own)

    @contextlib.contextmanager
    def running(self):
        with self.proxy.running(), self.resource_manager.running():
            yield self


def _certificate_for_localhost():
    """A private key and a certificate for it, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()
