"""What the scripts share: the running emulator, its administration, and the check of a token as an API would make it."""

import json
import logging
import os
import ssl
import unittest
import urllib.parse
import urllib.request

import jwt
import msal
import requests


class Emulator:
    """The emulator that `cargo xtask e2e python` started; ENTRA_EMULATOR names the file with its description."""

    def __init__(self):
        with open(os.environ["ENTRA_EMULATOR"], encoding="utf-8") as file:
            description = json.load(file)
        self.authority = description["authority"]
        self.port = description["port"]
        self.ca = description["ca_file"]
        self.admin = description["admin"]
        self.tenant_id = description["tenant_id"]
        self.client_id = description["client_id"]
        self.secret = description["client_secret"]
        (tenant,) = description["tenants"]
        self.public_client_id = next(app["client_id"] for app in tenant["apps"] if app["name"] == "cli")
        self.hosts = description["hosts"]
        # Whatever proxy there is, it is not for us.
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca))
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)

    def requests(self, route):
        """The journal's requests for one route, forms and headers as dictionaries."""
        found = self._administer("GET", f"/_admin/requests?route={urllib.parse.quote(route)}")
        for request in found:
            request["form"] = dict(request["form"])
            request["headers"] = dict(request["headers"])
        return found

    def fault(self, on, do):
        self._administer("POST", "/_admin/faults", {"on": on, "do": do})

    def reset(self):
        self._administer("POST", "/_admin/reset")

    def register_certificate(self, pem):
        return self._administer("POST", "/_admin/certificates", {"pem": pem})["thumbprint"]

    def register_federated(self, issuer, subject):
        self._administer("POST", "/_admin/federated-credentials", {"issuer": issuer, "subject": subject})

    def code(self, **wishes):
        """An authorization code, as a user's sign-in would give it."""
        return self._administer("POST", "/_admin/codes", wishes)["code"]

    def user_token(self, user, api=None):
        """A user's token for an API, by default for the application itself."""
        return self._administer("POST", "/_admin/user-tokens", {"api": api or self.client_id, "user": user})["token"]

    def sign(self, claims):
        return self._administer("POST", "/_admin/tokens", claims)["token"]

    def administer(self, path, body):
        self._administer("POST", f"/_admin/{path}", body)

    def environments(self):
        return self._administer("GET", "/_admin/environments")

    def _administer(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.admin + path, data=data, method=method)
        if data is not None:
            request.add_header("content-type", "application/json")
        with self._direct.open(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def get(self, url):
        """A JSON document that the emulator serves over TLS, with its own authority as the only trusted one."""
        with self._direct.open(url, timeout=10) as answer:
            return json.loads(answer.read())

    def verify(self, token, audience):
        """The claims of a token, after the checks that an API makes: key found by discovery, signature, dates, audience."""
        config = self.get(f"{self.authority}/{self.tenant_id}/.well-known/openid-configuration")
        keys = {key["kid"]: key for key in self.get(config["jwks_uri"])["keys"]}
        key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]])
        return jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=config["issuer"])


class EmulatorCase:
    """Mixed into test cases: an emulator as new for each test."""

    emulator = Emulator()

    def setUp(self):
        self.emulator.reset()

    def assert_token_of_user(self, token, audience, user):
        claims = self.emulator.verify(token, audience)
        self.assertEqual((claims["upn"], claims["tid"]), (user, self.emulator.tenant_id))
        return claims

    def session(self):
        """For msal. A session's own `verify` loses against REQUESTS_CA_BUNDLE unless it ignores the environment."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.emulator.ca
        self.addCleanup(session.close)
        return session

    def application(self, credential, kind=msal.ConfidentialClientApplication, client_id=None):
        """An msal application."""
        return kind(
            client_id or self.emulator.client_id,
            client_credential=credential,
            authority=f"{self.emulator.authority}/{self.emulator.tenant_id}",
            instance_discovery=False,
            http_client=self.session(),
        )

    def assert_token_of_client(self, token, audience):
        claims = self.emulator.verify(token, audience)
        self.assertEqual(claims["tid"], self.emulator.tenant_id)
        self.assertEqual(claims["appid"], self.emulator.client_id)
        return claims

    def assert_one_token_request(self, scope):
        """That one request was made, and what it carried."""
        requests = self.emulator.requests("token")
        self.assertEqual(len(requests), 1)
        (request,) = requests
        self.assertEqual(request["path"], f"/{self.emulator.tenant_id}/oauth2/v2.0/token")
        self.assertEqual(request["status"], 200)
        form = request["form"]
        self.assertEqual(form["grant_type"], "client_credentials")
        self.assertEqual(form["client_id"], self.emulator.client_id)
        self.assertIn(scope, form["scope"].split())
        return form


def main():
    # The libraries warn of each refusal that a test asks for, and of what they will drop.
    logging.disable(logging.WARNING)
    unittest.main(module="__main__", verbosity=2, warnings="ignore")
