"""One cache file for azure-identity, msal and this project: who signed in with one of them is signed in with all.

`cargo xtask e2e msal-cache` runs this. ENTRA_EMULATOR names the file with the emulator's description, ENTRA_PROGRAM is our command line program. All have
their factory settings: the public cloud, the default name of the cache, the default folder in HOME.
"""

import json
import os
import stat
import subprocess
import tempfile
import unittest
from unittest import mock

import msal
import msal_extensions
from azure.identity import (
    AuthenticationRecord,
    AuthenticationRequiredError,
    DeviceCodeCredential,
    SharedTokenCacheCredential,
    TokenCachePersistenceOptions,
)

from _emulator import main
from _people import ADA, AUDIENCE, HOST, OTHER_AUDIENCE, OTHER_SCOPE, SCOPE, PeopleCase

BOB = "bob@contoso.test"
THIRD_AUDIENCE = "https://vault.azure.net"
THIRD_SCOPE = THIRD_AUDIENCE + "/.default"
FOURTH_AUDIENCE = "https://storage.azure.com"
FOURTH_SCOPE = FOURTH_AUDIENCE + "/.default"
# The application that Microsoft registered for developers, the default of both. It is of the family whose members share refresh tokens, and uses each one
# again and again; other applications here get a new one each time, and may use each one once.
DEVELOPERS = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
# Exit codes of our program.
UNAVAILABLE, SIGN_IN = 3, 5


class SignIns(PeopleCase, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.home = self.enter(tempfile.TemporaryDirectory())
        self.folder = os.path.join(self.home, ".IdentityService")
        self.enter(mock.patch.dict(os.environ, {"HOME": self.home}))
        self.client_id = self.emulator.public_client_id

    # Ours.

    def entra(self, *arguments, code=0, env=None):
        """What our program says: nothing, or one JSON document."""
        variables = ["PATH", "HOME", "HTTPS_PROXY", "NO_PROXY", "BROWSER", "BROWSER_LOG", "SSL_CERT_FILE"]
        environment = {name: os.environ[name] for name in variables} | (env or {})
        done = subprocess.run(
            [os.environ["ENTRA_PROGRAM"], *arguments, "--json"],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        return json.loads((done.stderr if code else done.stdout) or "null")

    def login(self):
        """Signs in with our program and a browser; the record."""
        self.entra("login", SCOPE, "--client-id", self.client_id, "--allow-unencrypted-storage", "--quiet")
        with open(self.account_file(), encoding="utf-8") as file:
            return AuthenticationRecord.deserialize(file.read())

    def account_file(self):
        return os.path.join(self.home, ".config", "entra", "account.json")

    def know(self, record):
        """Tells our program who is signed in: the record goes from library to library as it is."""
        os.makedirs(os.path.dirname(self.account_file()), mode=0o700, exist_ok=True)
        with open(self.account_file(), "w", encoding="utf-8") as file:
            file.write(record.serialize())

    def ours(self, scope, audience, user, *arguments, via="account", env=None):
        answer = self.entra("token", scope, "--via", via, *arguments, env=env)
        self.assert_token_of_user(answer["access_token"], audience, user)
        return answer["access_token"]

    # Python's.

    def python(self, **more):
        options = TokenCachePersistenceOptions(allow_unencrypted_storage=True)
        credential = DeviceCodeCredential(self.client_id, cache_persistence_options=options, prompt_callback=lambda *_: None, **more)
        self.addCleanup(credential.close)
        return credential

    def silent(self, record):
        """A credential of Python's that asks nobody."""
        return self.python(authentication_record=record, disable_automatic_authentication=True)

    def theirs(self, credential, scope, audience, user, **more):
        token = credential.get_token(scope, **more).token
        self.assert_token_of_user(token, audience, user)
        return token

    def msal(self):
        """msal itself on the same file."""
        persistence = msal_extensions.FilePersistence(os.path.join(self.folder, "msal.cache.nocae"))
        cache = msal_extensions.PersistedTokenCache(persistence)
        authority = f"https://{HOST}/{self.emulator.tenant_id}"
        return msal.PublicClientApplication(self.client_id, authority=authority, token_cache=cache)

    def assert_files(self, *names):
        """The files of the cache, for their owner alone. No lock stays behind."""
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))
        for name in names:
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, name)).st_mode), 0o600)

    def test_whom_python_signed_in_we_know(self):
        self.person(user=BOB)
        # In its tenant: MSAL keeps access tokens under the tenant that was named, be it `organizations`.
        python = self.python(tenant_id=self.emulator.tenant_id)
        record = python.authenticate(scopes=[SCOPE])
        first = self.theirs(python, SCOPE, AUDIENCE, BOB)
        self.know(record)
        who = self.entra("whoami")
        self.assertEqual((who["account"], who["has_refresh_token"]), (BOB, True), who)
        # Its access token is in the cache, and is served from there.
        self.assertEqual(self.ours(SCOPE, AUDIENCE, BOB), first)
        self.assert_grants(("device_code", 200))
        # Its refresh token is redeemed for another API; the service takes each one once, so the next is ours, and theirs after that.
        self.ours(OTHER_SCOPE, OTHER_AUDIENCE, BOB)
        again = self.silent(record)
        self.theirs(again, THIRD_SCOPE, THIRD_AUDIENCE, BOB)
        self.ours(FOURTH_SCOPE, FOURTH_AUDIENCE, BOB)
        self.assert_grants(("device_code", 200), *[("refresh_token", 200)] * 3)
        # Each finds what the other got meanwhile.
        ours = self.ours(OTHER_SCOPE, OTHER_AUDIENCE, BOB)
        self.assertEqual(self.theirs(again, OTHER_SCOPE, OTHER_AUDIENCE, BOB), ours)
        self.assertEqual(self.theirs(python, THIRD_SCOPE, THIRD_AUDIENCE, BOB), self.ours(THIRD_SCOPE, THIRD_AUDIENCE, BOB))
        self.assertEqual(len(self.emulator.requests("token")), 4)
        self.assert_files("msal.cache.nocae")

    def test_whom_we_signed_in_python_knows(self):
        self.person(user=BOB)
        record = self.login()
        self.assertEqual((record.username, record.authority, record.client_id), (BOB, HOST, self.client_id))
        python = self.silent(record)
        first = self.theirs(python, SCOPE, AUDIENCE, BOB)
        self.assertEqual(self.ours(SCOPE, AUDIENCE, BOB), first)
        self.assert_grants(("authorization_code", 200))
        self.theirs(python, OTHER_SCOPE, OTHER_AUDIENCE, BOB)
        self.ours(THIRD_SCOPE, THIRD_AUDIENCE, BOB)
        self.theirs(python, FOURTH_SCOPE, FOURTH_AUDIENCE, BOB)
        self.assert_grants(("authorization_code", 200), *[("refresh_token", 200)] * 3)
        # msal finds the account, and renews it.
        application = self.msal()
        (account,) = application.get_accounts()
        self.assertEqual((account["username"], account["home_account_id"]), (BOB, record.home_account_id))
        renewed = application.acquire_token_silent([OTHER_SCOPE], account, force_refresh=True)
        self.assert_token_of_user(renewed["access_token"], OTHER_AUDIENCE, BOB)
        self.assertEqual(self.ours(OTHER_SCOPE, OTHER_AUDIENCE, BOB), renewed["access_token"])
        self.assert_files("msal.cache.nocae")

    def test_records_are_the_same_text(self):
        """But for the spaces and the order of members."""
        python = self.python().authenticate(scopes=[SCOPE])
        self.login()
        with open(self.account_file(), encoding="utf-8") as file:
            self.assertEqual(json.load(file), json.loads(python.serialize()))

    def test_accounts_stay_apart(self):
        self.person(user=ADA)
        ada = self.login()
        self.person(user=BOB)
        bob = self.python().authenticate(scopes=[SCOPE])
        for record, user in ((ada, ADA), (bob, BOB)):
            self.know(record)
            self.ours(OTHER_SCOPE, OTHER_AUDIENCE, user)
            self.theirs(self.silent(record), THIRD_SCOPE, THIRD_AUDIENCE, user)
        self.assertEqual({account["username"] for account in self.msal().get_accounts()}, {ADA, BOB})

    def test_the_shared_cache(self):
        """Without a record: whoever is in the file, chosen by name where there are several."""
        self.client_id = DEVELOPERS
        variables = {"AZURE_USERNAME": BOB}
        self.person(user=ADA)
        self.login()
        self.person(user=BOB)
        self.python().authenticate(scopes=[SCOPE])
        self.ours(SCOPE, AUDIENCE, BOB, via="shared-token-cache", env=variables)
        self.ours(SCOPE, AUDIENCE, ADA, via="shared-token-cache", env={"AZURE_USERNAME": ADA.upper()})
        failure = self.entra("token", SCOPE, "--via", "shared-token-cache", code=UNAVAILABLE)
        self.assertEqual(failure["error"]["credential"], "SharedTokenCacheCredential", failure)
        with SharedTokenCacheCredential(
            ADA, cache_persistence_options=TokenCachePersistenceOptions(allow_unencrypted_storage=True),
        ) as shared:
            self.theirs(shared, SCOPE, AUDIENCE, ADA)

    def test_tokens_with_continuous_access_evaluation_are_in_a_file_of_their_own(self):
        python = self.python(tenant_id=self.emulator.tenant_id)
        record = python.authenticate(scopes=[SCOPE], enable_cae=True)
        first = self.theirs(python, SCOPE, AUDIENCE, ADA, enable_cae=True)
        self.know(record)
        self.assertEqual(self.ours(SCOPE, AUDIENCE, ADA, "--cae"), first)
        self.ours(OTHER_SCOPE, OTHER_AUDIENCE, ADA, "--cae")
        self.theirs(self.silent(record), THIRD_SCOPE, THIRD_AUDIENCE, ADA, enable_cae=True)
        self.assert_files("msal.cache.cae")
        # Python knows nobody without it. We do: a refresh token is good for both kinds.
        with self.assertRaises(AuthenticationRequiredError):
            self.silent(record).get_token(SCOPE)
        self.ours(SCOPE, AUDIENCE, ADA)
        self.assert_files("msal.cache.cae", "msal.cache.nocae")
        self.theirs(self.silent(record), OTHER_SCOPE, OTHER_AUDIENCE, ADA)

    def test_whom_one_signed_out_nobody_knows(self):
        record = self.login()
        self.entra("logout", "--quiet")
        with self.assertRaises(AuthenticationRequiredError):
            self.silent(record).get_token(SCOPE)
        record = self.login()
        application = self.msal()
        (account,) = application.get_accounts()
        application.remove_account(account)
        failure = self.entra("token", SCOPE, "--via", "account", code=SIGN_IN)
        self.assertEqual(failure["error"]["kind"], "authentication_required")

    def test_what_else_is_in_the_file_stays(self):
        """Members that only Python's side knows, and sections that nobody knows, outlive our writes."""
        record = self.python().authenticate(scopes=[SCOPE])
        path = os.path.join(self.folder, "msal.cache.nocae")
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        document["Future"] = {"key": {"value": [1, "two", None]}}
        (account,) = document["Account"].values()
        account["future"] = "kept"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        self.know(record)
        self.ours(OTHER_SCOPE, OTHER_AUDIENCE, ADA)
        with open(path, encoding="utf-8") as file:
            after = json.load(file)
        self.assertEqual(after["Future"], document["Future"])
        self.assertEqual([account["future"] for account in after["Account"].values()], ["kept"])
        self.assertEqual(after["AppMetadata"], document["AppMetadata"])
        self.theirs(self.silent(record), OTHER_SCOPE, OTHER_AUDIENCE, ADA)
        self.assertEqual(len(self.emulator.requests("token")), 2)


if __name__ == "__main__":
    main()
