"""Authorization codes: azure-identity (both kinds), and msal's own flow with PKCE, nonce, id token and refresh tokens."""

import unittest
import urllib.parse

import msal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AuthorizationCodeCredential
from azure.identity.aio import AuthorizationCodeCredential as AsyncAuthorizationCodeCredential

from _emulator import EmulatorCase, main

AUDIENCE = "https://graph.microsoft.com"
SCOPE = AUDIENCE + "/User.Read"
OTHER_AUDIENCE = "https://management.azure.com"
OTHER_SCOPE = OTHER_AUDIENCE + "/.default"
REDIRECT = "https://app.contoso.test/signed-in"
ADA = "ada@contoso.test"
REPLAYED = "AADSTS54005"


class Case(EmulatorCase):
    def clients(self):
        """Client id and secret of each kind of application."""
        return {
            "public": (self.emulator.public_client_id, None),
            "confidential": (self.emulator.client_id, self.emulator.secret),
        }

    def code(self, client_id, **more):
        wishes = {"client_id": client_id, "redirect_uri": REDIRECT, "user": ADA, "scope": f"offline_access {SCOPE}"}
        return self.emulator.code(**(wishes | more))

    def arguments(self, client_id, secret, code, **more):
        return more | {
            "tenant_id": self.emulator.tenant_id,
            "client_id": client_id,
            "authorization_code": code,
            "redirect_uri": REDIRECT,
            "client_secret": secret,
            "authority": self.emulator.authority,
            "connection_verify": self.emulator.ca,
            "retry_backoff_factor": 0,
        }


class AzureIdentity(Case, unittest.TestCase):
    def credential(self, *arguments):
        credential = AuthorizationCodeCredential(**self.arguments(*arguments))
        self.addCleanup(credential.close)
        return credential

    def test_a_code_and_then_its_refresh_tokens(self):
        for name, (client_id, secret) in self.clients().items():
            with self.subTest(name):
                credential = self.credential(client_id, secret, self.code(client_id))
                token = credential.get_token(SCOPE)
                self.assert_token_of_user(token.token, AUDIENCE, ADA)
                # The challenge makes the cached token no good, so that the refresh tokens have their turn.
                for claims in ('{"access_token":{"a":null}}', '{"access_token":{"b":null}}'):
                    renewed = credential.get_token(SCOPE, claims=claims)
                    self.assert_token_of_user(renewed.token, AUDIENCE, ADA)

    def test_a_code_twice_is_refused_with_entras_code(self):
        client_id, secret = self.clients()["confidential"]
        code = self.code(client_id)
        self.credential(client_id, secret, code).get_token(SCOPE)
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential(client_id, secret, code).get_token(SCOPE)
        self.assertIn(REPLAYED, str(raised.exception))

    def test_a_missing_verifier_is_refused_with_entras_code(self):
        client_id, secret = self.clients()["public"]
        code = self.code(client_id, code_verifier="a-verifier-that-this-client-does-not-know-of")
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential(client_id, secret, code).get_token(SCOPE)
        self.assertIn("AADSTS50148", str(raised.exception))


class AzureIdentityAsync(Case, unittest.IsolatedAsyncioTestCase):
    async def test_a_code_once(self):
        for name, (client_id, secret) in self.clients().items():
            with self.subTest(name):
                code = self.code(client_id)
                async with AsyncAuthorizationCodeCredential(**self.arguments(client_id, secret, code)) as credential:
                    token = await credential.get_token(SCOPE)
                    self.assert_token_of_user(token.token, AUDIENCE, ADA)
                async with AsyncAuthorizationCodeCredential(**self.arguments(client_id, secret, code)) as credential:
                    with self.assertRaises(ClientAuthenticationError) as raised:
                        await credential.get_token(SCOPE)
                self.assertIn(REPLAYED, str(raised.exception))


class Msal(Case, unittest.TestCase):
    """msal verifies state, nonce and audience of the id token by itself."""

    def sign_in(self, application, client_id):
        """Begins a flow, signs in, and returns the flow with the parameters of the redirect."""
        flow = application.initiate_auth_code_flow([SCOPE], redirect_uri=REDIRECT, response_mode="form_post")
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(flow["auth_uri"]).query))
        self.assertEqual(asked["code_challenge_method"], "S256")
        code = self.code(
            client_id, scope=asked["scope"], code_challenge=asked["code_challenge"], nonce=asked["nonce"]
        )
        return flow, {"code": code, "state": asked["state"]}

    def applications(self):
        for name, (client_id, secret) in self.clients().items():
            kind = msal.ConfidentialClientApplication if secret else msal.PublicClientApplication
            yield name, client_id, self.application(secret, kind, client_id)

    def test_a_sign_in_and_silent_renewal(self):
        for name, client_id, application in self.applications():
            with self.subTest(name):
                flow, redirect = self.sign_in(application, client_id)
                result = application.acquire_token_by_auth_code_flow(flow, redirect)
                self.assert_token_of_user(result["access_token"], AUDIENCE, ADA)
                self.assertEqual(result["id_token_claims"]["preferred_username"], ADA)
                (account,) = application.get_accounts()
                self.assertEqual(account["username"], ADA)
                for _ in range(3):
                    silent = application.acquire_token_silent([OTHER_SCOPE], account, force_refresh=True)
                    self.assert_token_of_user(silent["access_token"], OTHER_AUDIENCE, ADA)

    def test_a_code_twice_and_a_wrong_verifier_are_refused_with_entras_document(self):
        for name, client_id, application in self.applications():
            with self.subTest(name):
                flow, redirect = self.sign_in(application, client_id)
                wrong = flow | {"code_verifier": "another-verifier-of-more-than-43-characters-x"}
                refused = application.acquire_token_by_auth_code_flow(wrong, redirect)
                self.assertEqual((refused["error"], refused["error_codes"]), ("invalid_grant", [501481]), refused)
                application.acquire_token_by_auth_code_flow(flow, redirect)
                refused = application.acquire_token_by_auth_code_flow(flow, redirect)
                self.assertEqual((refused["error"], refused["error_codes"]), ("invalid_grant", [54005]), refused)

    def test_a_session_that_was_ended_needs_a_sign_in(self):
        name, client_id, application = next(self.applications())
        flow, redirect = self.sign_in(application, client_id)
        first = application.acquire_token_by_auth_code_flow(flow, redirect)
        token = first["refresh_token"]
        self.assertIn("access_token", application.acquire_token_by_refresh_token(token, [SCOPE]))
        again = application.acquire_token_by_refresh_token(token, [SCOPE])
        self.assertEqual((again["error"], again["error_codes"]), ("invalid_grant", [50173]), again)


if __name__ == "__main__":
    main()
