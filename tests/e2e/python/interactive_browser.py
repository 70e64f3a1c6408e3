"""The browser: azure-identity's own credential and msal's own listener, with a browser that posts the form of the emulator's page."""

import unittest
import urllib.parse

import msal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import InteractiveBrowserCredential

from _emulator import main
from _people import ADA, AUDIENCE, HOST, OTHER_AUDIENCE, OTHER_SCOPE, SCOPE, PeopleCase

BOB = "bob@contoso.test"


class AzureIdentity(PeopleCase, unittest.TestCase):
    def credential(self, **more):
        credential = InteractiveBrowserCredential(client_id=self.emulator.public_client_id, timeout=20, **more)
        self.addCleanup(credential.close)
        return credential

    def test_a_person_signs_in_and_is_known_then(self):
        self.person(user=BOB)
        credential = self.credential(login_hint=BOB)
        self.assert_token_of_user(credential.get_token(SCOPE).token, AUDIENCE, BOB)
        opened, posted = self.seen()
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(opened["opened"]).query))
        self.assertEqual(
            (opened["status"], asked["response_mode"], asked["code_challenge_method"], asked["login_hint"]),
            (200, "form_post", "S256", BOB),
        )
        self.assertEqual(posted["posted"], asked["redirect_uri"])
        self.assertEqual(sorted(posted["fields"]), ["code", "session_state", "state"])
        self.assertIn("Authentication complete", posted["page"])
        record = credential.authenticate(scopes=[OTHER_SCOPE])
        self.assertEqual((record.username, record.tenant_id, record.authority), (BOB, self.emulator.tenant_id, HOST))
        self.assert_token_of_user(credential.get_token(OTHER_SCOPE).token, OTHER_AUDIENCE, BOB)
        self.assertEqual(len(self.seen()), 2)
        self.assert_grants(("authorization_code", 200), ("refresh_token", 200))

    def test_who_cancels_is_not_signed_in(self):
        self.person(cancel=True)
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential().get_token(SCOPE)
        self.assertIn("AADSTS65004", str(raised.exception))
        self.assertEqual(sorted(self.seen()[1]["fields"]), ["error", "error_description", "state"])
        self.assert_grants()

    def test_an_answer_of_another_sign_in_is_refused(self):
        self.person(user=ADA, wrong_state=True)
        with self.assertRaisesRegex(ClientAuthenticationError, "state mismatch"):
            self.credential().get_token(SCOPE)
        self.assert_grants()


class Msal(PeopleCase, unittest.TestCase):
    """msal verifies state, nonce and audience of the id token by itself."""

    def test_a_person_signs_in_and_is_renewed_silently(self):
        application = msal.PublicClientApplication(self.emulator.public_client_id)
        result = application.acquire_token_interactive([SCOPE], timeout=20)
        self.assert_token_of_user(result["access_token"], AUDIENCE, ADA)
        (account,) = application.get_accounts()
        self.assertEqual((account["username"], account["environment"]), (ADA, HOST))
        for _ in range(2):
            silent = application.acquire_token_silent([OTHER_SCOPE], account, force_refresh=True)
            self.assert_token_of_user(silent["access_token"], OTHER_AUDIENCE, ADA)


if __name__ == "__main__":
    main()
