"""A client secret, with azure-identity (synchronous and asynchronous) and with msal."""

import unittest

import jwt
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

from _emulator import EmulatorCase, main

AUDIENCE = "https://management.azure.com"
SCOPE = AUDIENCE + "/.default"
WRONG_SECRET = "AADSTS7000215"
UNKNOWN_API = "AADSTS500011"


class AzureIdentity(EmulatorCase, unittest.TestCase):
    def credential(self, secret=None):
        credential = ClientSecretCredential(
            self.emulator.tenant_id,
            self.emulator.client_id,
            secret or self.emulator.secret,
            authority=self.emulator.authority,
            disable_instance_discovery=True,
            connection_verify=self.emulator.ca,
            retry_backoff_factor=0,
        )
        self.addCleanup(credential.close)
        return credential

    def test_token_verifies_and_is_cached(self):
        credential = self.credential()
        first = credential.get_token(SCOPE)
        self.assert_token_of_client(first.token, AUDIENCE)
        self.assertEqual(credential.get_token(SCOPE).token, first.token)
        form = self.assert_one_token_request(SCOPE)
        self.assertEqual(form["client_secret"], self.emulator.secret)

    def test_wrong_secret_is_refused_with_entras_code(self):
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential(secret="wrong").get_token(SCOPE)
        self.assertIn(WRONG_SECRET, str(raised.exception))

    def test_unknown_api_is_refused_with_entras_code(self):
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential().get_token("api://nobody-registered-this/.default")
        self.assertIn(UNKNOWN_API, str(raised.exception))

    def test_capability_for_revocation_comes_back_in_the_token(self):
        token = self.credential().get_token(SCOPE, enable_cae=True)
        claims = self.assert_token_of_client(token.token, AUDIENCE)
        self.assertIn("CP1", [capability.upper() for capability in claims["xms_cc"]])

    def test_a_short_outage_is_retried(self):
        self.emulator.fault({"route": "token", "times": 1}, {"status": 503, "headers": [["retry-after", "0"]]})
        self.assert_token_of_client(self.credential().get_token(SCOPE).token, AUDIENCE)
        self.assertEqual([request["status"] for request in self.emulator.requests("token")], [503, 200])

    def test_a_changed_token_does_not_verify(self):
        token = self.credential().get_token(SCOPE).token
        head, body, signature = token.split(".")
        changed = ("B" if signature[0] == "A" else "A") + signature[1:]
        with self.assertRaises(jwt.InvalidSignatureError):
            self.emulator.verify(".".join([head, body, changed]), AUDIENCE)
        with self.assertRaises(jwt.InvalidAudienceError):
            self.emulator.verify(token, "https://vault.azure.net")


class AzureIdentityAsync(EmulatorCase, unittest.IsolatedAsyncioTestCase):
    def credential(self, secret=None):
        return AsyncClientSecretCredential(
            self.emulator.tenant_id,
            self.emulator.client_id,
            secret or self.emulator.secret,
            authority=self.emulator.authority,
            connection_verify=self.emulator.ca,
            retry_backoff_factor=0,
        )

    async def test_token_verifies_and_is_cached(self):
        async with self.credential() as credential:
            first = await credential.get_token(SCOPE)
            self.assert_token_of_client(first.token, AUDIENCE)
            self.assertEqual((await credential.get_token(SCOPE)).token, first.token)
        form = self.assert_one_token_request(SCOPE)
        self.assertEqual(form["client_secret"], self.emulator.secret)

    async def test_wrong_secret_is_refused_with_entras_code(self):
        async with self.credential(secret="wrong") as credential:
            with self.assertRaises(ClientAuthenticationError) as raised:
                await credential.get_token(SCOPE)
        self.assertIn(WRONG_SECRET, str(raised.exception))

    async def test_capability_for_revocation_comes_back_in_the_token(self):
        async with self.credential() as credential:
            token = await credential.get_token(SCOPE, enable_cae=True)
        claims = self.assert_token_of_client(token.token, AUDIENCE)
        self.assertIn("CP1", [capability.upper() for capability in claims["xms_cc"]])

    async def test_a_short_outage_is_retried(self):
        self.emulator.fault({"route": "token", "times": 1}, {"status": 503, "headers": [["retry-after", "0"]]})
        async with self.credential() as credential:
            self.assert_token_of_client((await credential.get_token(SCOPE)).token, AUDIENCE)
        self.assertEqual([request["status"] for request in self.emulator.requests("token")], [503, 200])


class Msal(EmulatorCase, unittest.TestCase):
    def test_token_verifies_and_is_cached(self):
        application = self.application(self.emulator.secret)
        first = application.acquire_token_for_client([SCOPE])
        self.assertEqual((first.get("token_type"), first.get("error")), ("Bearer", None), first)
        self.assert_token_of_client(first["access_token"], AUDIENCE)
        second = application.acquire_token_for_client([SCOPE])
        self.assertEqual((second["access_token"], second["token_source"]), (first["access_token"], "cache"))
        form = self.assert_one_token_request(SCOPE)
        self.assertEqual(form["client_secret"], self.emulator.secret)

    def test_wrong_secret_is_refused_with_entras_document(self):
        result = self.application("wrong").acquire_token_for_client([SCOPE])
        self.assertEqual((result["error"], result["error_codes"]), ("invalid_client", [7000215]), result)
        self.assertIn(WRONG_SECRET, result["error_description"])
        for field in ("timestamp", "trace_id", "correlation_id"):
            self.assertTrue(result[field], field)


if __name__ == "__main__":
    main()
