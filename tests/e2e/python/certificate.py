"""A certificate: azure-identity (both kinds) with PEM and PFX, msal in each of its forms, and assertions made by hand."""

import os
import tempfile
import unittest

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientAssertionCredential
from azure.identity.aio import CertificateCredential as AsyncCertificateCredential
from azure.identity.aio import ClientAssertionCredential as AsyncClientAssertionCredential

from _certificate import PASSWORD, Certificate
from _emulator import EmulatorCase, main

AUDIENCE = "https://vault.azure.net"
SCOPE = AUDIENCE + "/.default"
UNKNOWN_CERTIFICATE = "AADSTS700027"
OURS = Certificate("daemon")
STRANGERS = Certificate("stranger")

# Contents and password.
FORMS = {
    "pem": (OURS.pem(), None),
    "encrypted pem": (OURS.pem(PASSWORD), PASSWORD),
    "pfx": (OURS.pfx(PASSWORD), PASSWORD),
    "pfx without a password": (OURS.pfx(), None),
}


class Case(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.emulator.register_certificate(OURS.public_pem)

    def options(self, **more):
        return more | {
            "authority": self.emulator.authority,
            "connection_verify": self.emulator.ca,
            "retry_backoff_factor": 0,
        }

    def token_endpoint(self):
        return f"{self.emulator.authority}/{self.emulator.tenant_id}/oauth2/v2.0/token"

    def assert_token_of_certificate(self, token):
        claims = self.assert_token_of_client(token, AUDIENCE)
        self.assertEqual(claims["appidacr"], "2")


class AzureIdentity(Case, unittest.TestCase):
    def credential(self, data, password=None, **more):
        credential = CertificateCredential(
            self.emulator.tenant_id,
            self.emulator.client_id,
            certificate_data=data,
            password=password,
            **self.options(disable_instance_discovery=True, **more),
        )
        self.addCleanup(credential.close)
        return credential

    def test_every_form(self):
        for name, (data, password) in FORMS.items():
            with self.subTest(name):
                token = self.credential(data, password).get_token(SCOPE).token
                self.assert_token_of_certificate(token)

    def test_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "client.pem")
            with open(path, "wb") as file:
                file.write(OURS.pem())
            credential = CertificateCredential(
                self.emulator.tenant_id,
                self.emulator.client_id,
                path,
                **self.options(disable_instance_discovery=True),
            )
            with credential:
                self.assert_token_of_certificate(credential.get_token(SCOPE).token)

    def test_the_chain_is_sent(self):
        credential = self.credential(OURS.pem(), send_certificate_chain=True)
        self.assert_token_of_certificate(credential.get_token(SCOPE).token)

    def test_another_certificate_is_refused_with_entras_code(self):
        with self.assertRaises(ClientAuthenticationError) as raised:
            self.credential(STRANGERS.pem()).get_token(SCOPE)
        self.assertIn(UNKNOWN_CERTIFICATE, str(raised.exception))


class AzureIdentityAsync(Case, unittest.IsolatedAsyncioTestCase):
    def credential(self, data, password=None):
        return AsyncCertificateCredential(
            self.emulator.tenant_id,
            self.emulator.client_id,
            certificate_data=data,
            password=password,
            **self.options(),
        )

    async def test_every_form(self):
        for name, (data, password) in FORMS.items():
            with self.subTest(name):
                async with self.credential(data, password) as credential:
                    self.assert_token_of_certificate((await credential.get_token(SCOPE)).token)

    async def test_another_certificate_is_refused_with_entras_code(self):
        async with self.credential(STRANGERS.pem()) as credential:
            with self.assertRaises(ClientAuthenticationError) as raised:
                await credential.get_token(SCOPE)
        self.assertIn(UNKNOWN_CERTIFICATE, str(raised.exception))


class Msal(Case, unittest.TestCase):
    def token(self, credential):
        result = self.application(credential).acquire_token_for_client([SCOPE])
        self.assertEqual((result.get("token_type"), result.get("error")), ("Bearer", None), result)
        return result

    def test_pem_with_its_thumbprint(self):
        result = self.token({"private_key": OURS.key_pem(), "thumbprint": OURS.sha1})
        self.assert_token_of_certificate(result["access_token"])

    def test_pem_with_its_certificate(self):
        result = self.token({"private_key": OURS.key_pem(), "public_certificate": OURS.public_pem})
        self.assert_token_of_certificate(result["access_token"])

    def test_encrypted_pem_and_chain(self):
        result = self.token(
            {
                "private_key": OURS.key_pem(PASSWORD),
                "passphrase": PASSWORD,
                "thumbprint": OURS.sha1,
                "public_certificate": OURS.public_pem,
            }
        )
        self.assert_token_of_certificate(result["access_token"])

    def test_pfx(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "client.pfx")
            with open(path, "wb") as file:
                file.write(OURS.pfx(PASSWORD))
            for chain in (False, True):
                with self.subTest(chain=chain):
                    credential = {"private_key_pfx_path": path, "passphrase": PASSWORD}
                    if chain:
                        credential["public_certificate"] = True
                    self.assert_token_of_certificate(self.token(credential)["access_token"])

    def test_another_certificate_is_refused_with_entras_document(self):
        application = self.application({"private_key": STRANGERS.key_pem(), "thumbprint": STRANGERS.sha1})
        result = application.acquire_token_for_client([SCOPE])
        self.assertEqual((result["error"], result["error_codes"]), ("invalid_client", [700027]), result)

    def test_an_assertion_made_by_hand(self):
        made = OURS.assertion(self.emulator.client_id, self.token_endpoint())
        self.assert_token_of_certificate(self.token({"client_assertion": lambda: made})["access_token"])


class Assertions(Case, unittest.TestCase):
    def ask(self, func):
        credential = ClientAssertionCredential(
            self.emulator.tenant_id,
            self.emulator.client_id,
            func,
            **self.options(disable_instance_discovery=True),
        )
        self.addCleanup(credential.close)
        return credential.get_token(SCOPE).token

    def test_a_callbacks_assertion(self):
        made = OURS.assertion(self.emulator.client_id, self.token_endpoint())
        self.assert_token_of_certificate(self.ask(lambda: made))

    def test_each_fault_is_refused_with_entras_code(self):
        endpoint = self.token_endpoint()
        client_id = self.emulator.client_id
        good = OURS.assertion(client_id, endpoint)
        head, body, signature = good.split(".")
        changed = ("B" if signature[0] == "A" else "A") + signature[1:]
        cases = {
            "AADSTS700027": ".".join([head, body, changed]),
            "AADSTS700023": OURS.assertion(client_id, "https://login.test/token"),
            "AADSTS700024": OURS.assertion(client_id, endpoint, exp=1),
            "AADSTS700021": OURS.assertion(self.emulator.public_client_id, endpoint),
            "AADSTS50048": OURS.assertion(client_id, endpoint, sub="another"),
        }
        for code, assertion in cases.items():
            with self.subTest(code), self.assertRaises(ClientAuthenticationError) as raised:
                self.ask(lambda: assertion)
            self.assertIn(code, str(raised.exception))


class AssertionsAsync(Case, unittest.IsolatedAsyncioTestCase):
    async def test_a_callbacks_assertion(self):
        made = OURS.assertion(self.emulator.client_id, self.token_endpoint())
        credential = AsyncClientAssertionCredential(
            self.emulator.tenant_id, self.emulator.client_id, lambda: made, **self.options()
        )
        async with credential:
            self.assert_token_of_certificate((await credential.get_token(SCOPE)).token)


if __name__ == "__main__":
    main()
