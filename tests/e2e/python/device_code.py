"""Device code: azure-identity's own credential with its factory settings, and msal."""

import unittest

import msal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AuthenticationRequiredError, DeviceCodeCredential

from _emulator import main
from _people import ADA, AUDIENCE, HOST, OTHER_AUDIENCE, OTHER_SCOPE, SCOPE, PeopleCase

BOB = "bob@contoso.test"


class AzureIdentity(PeopleCase, unittest.TestCase):
    def credential(self, **more):
        self.prompts = []
        credential = DeviceCodeCredential(
            self.emulator.public_client_id,
            prompt_callback=lambda *prompt: self.prompts.append(prompt),
            **more,
        )
        self.addCleanup(credential.close)
        return credential

    def test_a_person_signs_in_and_is_known_then(self):
        self.person(user=BOB, polls=1)
        credential = self.credential()
        self.assert_token_of_user(credential.get_token(SCOPE).token, AUDIENCE, BOB)
        ((uri, code, _),) = self.prompts
        self.assertEqual(uri, f"https://{HOST}/devicelogin")
        self.assertRegex(code, "^[A-Z0-9]{9}$")
        # The record was made of the id token, and the account is found by it: nobody is asked again.
        record = credential.authenticate(scopes=[OTHER_SCOPE])
        self.assertEqual((record.username, record.tenant_id, record.authority), (BOB, self.emulator.tenant_id, HOST))
        self.assert_token_of_user(credential.get_token(OTHER_SCOPE).token, OTHER_AUDIENCE, BOB)
        self.assertEqual(len(self.prompts), 1)
        self.assert_grants(("device_code", 400), ("device_code", 200), ("refresh_token", 200))

    def test_a_challenge_is_answered_by_a_refresh_token_with_its_claims(self):
        credential = self.credential()
        credential.get_token(SCOPE, enable_cae=True)
        claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
        self.assert_token_of_user(credential.get_token(SCOPE, claims=claims, enable_cae=True).token, AUDIENCE, ADA)
        first, second = self.emulator.requests("token")
        self.assertIn('"CP1"', first["form"]["claims"])
        self.assertIn('"nbf"', second["form"]["claims"])
        self.assert_grants(("device_code", 200), ("refresh_token", 200))

    def test_who_declines_is_not_signed_in(self):
        self.person(cancel=True)
        with self.assertRaises(ClientAuthenticationError):
            self.credential().get_token(SCOPE)
        self.assertEqual(len(self.prompts), 1)
        self.assert_grants(("device_code", 400))

    def test_a_program_that_asks_nobody_is_told_what_is_needed(self):
        credential = self.credential(disable_automatic_authentication=True)
        with self.assertRaises(AuthenticationRequiredError) as raised:
            credential.get_token(SCOPE)
        self.assertEqual(raised.exception.scopes, (SCOPE,))
        self.assertEqual(self.emulator.requests("device_authorization"), [])


class Msal(PeopleCase, unittest.TestCase):
    def test_told_to_slow_down_and_then_signed_in(self):
        application = msal.PublicClientApplication(self.emulator.public_client_id)
        self.person(user=ADA, slow_downs=1)
        flow = application.initiate_device_flow([SCOPE])
        self.assertEqual(flow["interval"], 1)
        result = application.acquire_token_by_device_flow(flow)
        self.assert_token_of_user(result["access_token"], AUDIENCE, ADA)
        self.assertEqual(result["id_token_claims"]["preferred_username"], ADA)
        self.assert_grants(("device_code", 400), ("device_code", 200))
        again = application.acquire_token_by_device_flow(flow)
        self.assertEqual(again["error"], "invalid_grant", again)


if __name__ == "__main__":
    main()
