"""User name and password: azure-identity's own credential and msal, for accounts of the tenant and of an organization with a server of its own."""

import unittest

import msal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import UsernamePasswordCredential

from _emulator import main
from _people import ADA, AUDIENCE, OTHER_AUDIENCE, OTHER_SCOPE, SCOPE, PeopleCase

# As in seed.json.
PASSWORD = "Ada's pass & word"
FEDERATED, FEDERATED_PASSWORD = "fay@contoso.test", "<Fay's> pass & word"
MORE_WANTED, THEIR_PASSWORD = "max@contoso.test", "max-password"


class AzureIdentity(PeopleCase, unittest.TestCase):
    def credential(self, *who):
        credential = UsernamePasswordCredential(self.emulator.public_client_id, *who, retry_backoff_factor=0)
        self.addCleanup(credential.close)
        return credential

    def test_an_account_of_the_tenant(self):
        credential = self.credential(ADA, PASSWORD)
        self.assert_token_of_user(credential.get_token(SCOPE).token, AUDIENCE, ADA)
        self.assert_token_of_user(credential.get_token(OTHER_SCOPE).token, OTHER_AUDIENCE, ADA)
        self.assertEqual(len(self.emulator.requests("user_realm")), 1)
        self.assert_grants(("password", 200), ("refresh_token", 200))

    def test_an_account_of_an_organization(self):
        credential = self.credential(FEDERATED, FEDERATED_PASSWORD)
        self.assert_token_of_user(credential.get_token(SCOPE).token, AUDIENCE, FEDERATED)
        self.assert_token_of_user(credential.get_token(OTHER_SCOPE).token, OTHER_AUDIENCE, FEDERATED)
        self.assert_grants(("saml1_1-bearer", 200), ("refresh_token", 200))

    def test_a_wrong_password_is_refused_with_entras_code(self):
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential(ADA, "wrong").get_token(SCOPE)
        self.assertIn("AADSTS50126", str(raised.exception))
        with self.assertRaises(Exception) as raised:
            self.credential(FEDERATED, "wrong").get_token(SCOPE)
        self.assertIn("ID3242", str(raised.exception))

    def test_whoever_needs_more_than_a_password_is_told(self):
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential(MORE_WANTED, THEIR_PASSWORD).get_token(SCOPE)
        self.assertIn("AADSTS50076", str(raised.exception))


class Msal(PeopleCase, unittest.TestCase):
    def test_both_kinds_of_account(self):
        for who in [(ADA, PASSWORD), (FEDERATED, FEDERATED_PASSWORD)]:
            with self.subTest(who[0]):
                application = msal.PublicClientApplication(self.emulator.public_client_id)
                result = application.acquire_token_by_username_password(*who, [SCOPE])
                self.assert_token_of_user(result["access_token"], AUDIENCE, who[0])
                (account,) = application.get_accounts()
                silent = application.acquire_token_silent([OTHER_SCOPE], account, force_refresh=True)
                self.assert_token_of_user(silent["access_token"], OTHER_AUDIENCE, who[0])


if __name__ == "__main__":
    main()
