"""On behalf of a user: azure-identity (both kinds) with secret, certificate and assertion, and msal."""

import unittest

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import OnBehalfOfCredential
from azure.identity.aio import OnBehalfOfCredential as AsyncOnBehalfOfCredential

from _certificate import PASSWORD, Certificate
from _emulator import EmulatorCase, main

AUDIENCE = "https://graph.microsoft.com"
SCOPE = AUDIENCE + "/User.Read"
OTHER_AUDIENCE = "https://vault.azure.net"
OTHER_SCOPE = OTHER_AUDIENCE + "/.default"
ADA, BOB = "ada@contoso.test", "bob@contoso.test"
OURS = Certificate("api")


class Case(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.emulator.register_certificate(OURS.public_pem)

    def proofs(self):
        endpoint = f"{self.emulator.authority}/{self.emulator.tenant_id}/oauth2/v2.0/token"
        return {
            "secret": {"client_secret": self.emulator.secret},
            "certificate": {"client_certificate": OURS.pem()},
            "PFX": {"client_certificate": OURS.pfx(PASSWORD), "password": PASSWORD},
            "assertion": {"client_assertion_func": lambda: OURS.assertion(self.emulator.client_id, endpoint)},
        }

    def arguments(self, **more):
        return more | {
            "tenant_id": self.emulator.tenant_id,
            "client_id": self.emulator.client_id,
            "authority": self.emulator.authority,
            "connection_verify": self.emulator.ca,
            "retry_backoff_factor": 0,
        }

    def refusals(self):
        good = self.emulator.user_token(ADA)
        head, body, signature = good.split(".")
        changed = ("B" if signature[0] == "A" else "A") + signature[1:]
        return {
            "AADSTS50013": ".".join([head, body, changed]),
            "AADSTS500131": self.emulator.user_token(ADA, AUDIENCE),
            "AADSTS50027": "opaque",
        }


class AzureIdentity(Case, unittest.TestCase):
    def credential(self, user_assertion, **proof):
        arguments = self.arguments(user_assertion=user_assertion, disable_instance_discovery=True, **proof)
        credential = OnBehalfOfCredential(**arguments)
        self.addCleanup(credential.close)
        return credential

    def test_every_proof(self):
        for name, proof in self.proofs().items():
            with self.subTest(name):
                credential = self.credential(self.emulator.user_token(ADA), **proof)
                self.assert_token_of_user(credential.get_token(SCOPE).token, AUDIENCE, ADA)

    def test_users_stay_apart(self):
        credentials = {
            user: self.credential(self.emulator.user_token(user), client_secret=self.emulator.secret)
            for user in (ADA, BOB)
        }
        for _ in range(2):
            for user, credential in credentials.items():
                self.assert_token_of_user(credential.get_token(SCOPE).token, AUDIENCE, user)

    def test_another_api_by_the_refresh_token(self):
        credential = self.credential(self.emulator.user_token(ADA), client_secret=self.emulator.secret)
        credential.get_token(SCOPE)
        self.assert_token_of_user(credential.get_token(OTHER_SCOPE).token, OTHER_AUDIENCE, ADA)
        grants = [request["form"]["grant_type"] for request in self.emulator.requests("token")]
        self.assertEqual(grants, ["urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token"])

    def test_a_bad_assertion_is_refused_with_entras_code(self):
        for code, assertion in self.refusals().items():
            with self.subTest(code), self.assertRaises(ClientAuthenticationError) as raised:
                self.credential(assertion, client_secret=self.emulator.secret).get_token(SCOPE)
            self.assertIn(code, str(raised.exception))


class AzureIdentityAsync(Case, unittest.IsolatedAsyncioTestCase):
    def credential(self, user_assertion, **proof):
        return AsyncOnBehalfOfCredential(**self.arguments(user_assertion=user_assertion, **proof))

    async def test_every_proof(self):
        for name, proof in self.proofs().items():
            with self.subTest(name):
                async with self.credential(self.emulator.user_token(ADA), **proof) as credential:
                    token = await credential.get_token(SCOPE)
                    self.assert_token_of_user(token.token, AUDIENCE, ADA)

    async def test_a_bad_assertion_is_refused_with_entras_code(self):
        for code, assertion in self.refusals().items():
            with self.subTest(code):
                async with self.credential(assertion, client_secret=self.emulator.secret) as credential:
                    with self.assertRaises(ClientAuthenticationError) as raised:
                        await credential.get_token(SCOPE)
                self.assertIn(code, str(raised.exception))


class Msal(Case, unittest.TestCase):
    def test_a_users_token_is_exchanged_and_its_account_is_kept(self):
        application = self.application(self.emulator.secret)
        result = application.acquire_token_on_behalf_of(self.emulator.user_token(ADA), [SCOPE])
        self.assert_token_of_user(result["access_token"], AUDIENCE, ADA)
        self.assertEqual(result["id_token_claims"]["preferred_username"], ADA)
        again = application.acquire_token_on_behalf_of(self.emulator.user_token(BOB), [SCOPE])
        self.assert_token_of_user(again["access_token"], AUDIENCE, BOB)

    def test_a_bad_assertion_is_refused_with_entras_document(self):
        application = self.application(self.emulator.secret)
        for code, assertion in self.refusals().items():
            with self.subTest(code):
                result = application.acquire_token_on_behalf_of(assertion, [SCOPE])
                self.assertIn(code, result["error_description"])


if __name__ == "__main__":
    main()
