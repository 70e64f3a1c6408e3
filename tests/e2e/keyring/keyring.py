"""Tokens in a real Secret Service: ours, and those of Python's azure-identity, which reaches it with libsecret.

`cargo xtask e2e keyring` runs this. ENTRA_EMULATOR names the file with the emulator's description, ENTRA_PROGRAM is our command line program and
ENTRA_CACHE_DRIVER the example of identity-cache, both with the feature `keyring`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from _emulator import main
from _people import ADA, AUDIENCE, HOST, OTHER_AUDIENCE, OTHER_SCOPE, SCOPE, PeopleCase
from _session import Session

BOB = "bob@contoso.test"
THIRD_AUDIENCE = "https://vault.azure.net"
THIRD_SCOPE = THIRD_AUDIENCE + "/.default"
ATTRIBUTES = ("MsalClientID", "Microsoft.Developer.IdentityService", "xdg:schema", "msal.cache.nocae")
HERE = os.path.dirname(os.path.abspath(__file__))
# Of each of two writers, at once.
WRITES = 20
# Exit codes of our program.
UNAVAILABLE, SIGN_IN = 3, 5


class Driver:
    """The cache under its public interface, kept in the keyring alone, or in a file that a key in the keyring seals."""

    def __init__(self, session, folder, kind="keyring"):
        self.child = subprocess.Popen(
            [os.environ["ENTRA_CACHE_DRIVER"], folder, "driven", kind],
            env=session.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def ask(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def close(self):
        self.child.communicate("quit\n", timeout=20)


class Keyring(PeopleCase, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.scratch = tempfile.mkdtemp(prefix="entra-e2e-keyring-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.home = os.path.join(self.scratch, "home")
        self.sessions = 0

    def session(self):
        self.sessions += 1
        folder = os.path.join(self.scratch, f"session-{self.sessions}")
        os.mkdir(folder, 0o700)
        session = Session(folder, self.home)
        self.addCleanup(session.close)
        return session

    def unlocked(self):
        session = self.session()
        session.start_keyring()
        return session

    # Ours.

    def entra(self, environment, *arguments, code=0):
        """What our program says: nothing, or one JSON document."""
        inherited = ["HTTPS_PROXY", "NO_PROXY", "BROWSER", "BROWSER_LOG", "SSL_CERT_FILE"]
        done = subprocess.run(
            [os.environ["ENTRA_PROGRAM"], *arguments, "--json"],
            env={name: os.environ[name] for name in inherited} | environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        return json.loads((done.stderr if code else done.stdout) or "null")

    def login(self, environment, *more, **code):
        return self.entra(environment, "login", SCOPE, "--client-id", self.emulator.public_client_id, "--quiet", *more, **code)

    def ours(self, session, scope, audience, user):
        token = self.entra(session.environment(), "token", scope, "--via", "account")["access_token"]
        self.assert_token_of_user(token, audience, user)
        return token

    def record(self):
        with open(os.path.join(self.home, ".config", "entra", "account.json"), encoding="utf-8") as file:
            return file.read()

    def know(self, record):
        folder = os.path.join(self.home, ".config", "entra")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(os.path.join(folder, "account.json"), "w", encoding="utf-8") as file:
            file.write(record)

    # Python's.

    def python(self, session):
        inherited = ["HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "PYTHONPATH"]
        child = subprocess.Popen(
            # Without the system's packages, which may have an azure-identity too; what is needed of them is added later.
            [sys.executable, "-S", "-s", "-B", os.path.join(HERE, "_python.py"), self.emulator.public_client_id, self.emulator.tenant_id],
            env={name: os.environ[name] for name in inherited} | session.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.addCleanup(child.communicate, "", 20)

        def ask(**command):
            child.stdin.write(json.dumps(command) + "\n")
            child.stdin.flush()
            return json.loads(child.stdout.readline())

        return ask

    def assert_nothing_readable(self):
        """No file of the home has anything of a token in it, as text or as Base64."""
        for folder, _, names in os.walk(self.home):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        content = file.read()
                    for part in (b"eyJ", b"RefreshToken", b"secret\""):
                        self.assertNotIn(part, content, path)

    def document(self, session):
        """The item's contents, read with libsecret's own tool by the attributes that MSAL's extensions look for."""
        return json.loads(session.secret_tool("lookup", *ATTRIBUTES))

    def test_what_we_keep_is_msals_item(self):
        session = self.unlocked()
        self.person(user=BOB)
        self.login(session.environment())
        shown = session.secret_tool("search", "--all", *ATTRIBUTES[:2])
        self.assertEqual(re.findall("^label = (.*)$", shown, re.MULTILINE), ["MSALCache"])
        self.assertEqual(re.findall("^schema = (.*)$", shown, re.MULTILINE), ["msal.cache.nocae"])
        self.assertEqual(re.findall("^attribute[.](.*)$", shown, re.MULTILINE), ["MsalClientID = Microsoft.Developer.IdentityService"])
        document = self.document(session)
        self.assertEqual(sorted(document), ["AccessToken", "Account", "AppMetadata", "IdToken", "RefreshToken"])
        (account,) = document["Account"].values()
        self.assertEqual((account["username"], account["environment"], account["authority_type"]), (BOB, HOST, "MSSTS"))
        (refresh,) = document["RefreshToken"].values()
        self.assertEqual(refresh["client_id"], self.emulator.public_client_id)
        # The signal is empty, and for its owner alone.
        signal = os.path.join(self.home, ".IdentityService", "msal.cache.nocae")
        self.assertEqual((os.path.getsize(signal), os.stat(signal).st_mode & 0o777), (0, 0o600))
        self.assertEqual(os.listdir(os.path.dirname(signal)), ["msal.cache.nocae"])
        self.assert_nothing_readable()

    def test_another_process_goes_on_and_a_later_session_too(self):
        session = self.unlocked()
        self.person(user=BOB)
        self.login(session.environment())
        who = self.entra(session.environment(), "whoami")
        self.assertEqual((who["account"], who["has_refresh_token"]), (BOB, True))
        first = self.ours(session, SCOPE, AUDIENCE, BOB)
        self.assertEqual(self.ours(session, SCOPE, AUDIENCE, BOB), first)
        self.assert_grants(("authorization_code", 200))
        self.ours(session, OTHER_SCOPE, OTHER_AUDIENCE, BOB)
        # The keyring was closed, and unlocked again by the next login.
        session.close()
        later = self.unlocked()
        self.assertEqual(self.ours(later, SCOPE, AUDIENCE, BOB), first)
        # Each refresh token is good once, so the new one was kept.
        self.ours(later, THIRD_SCOPE, THIRD_AUDIENCE, BOB)
        self.assert_grants(("authorization_code", 200), ("refresh_token", 200), ("refresh_token", 200))
        self.entra(later.environment(), "logout", "--quiet")
        document = self.document(later)
        for section in ("Account", "RefreshToken", "AccessToken", "IdToken"):
            self.assertFalse(document.get(section), section)

    def test_python_and_we_share_the_item(self):
        session = self.unlocked()
        self.person(user=BOB)
        self.login(session.environment())
        first = self.ours(session, SCOPE, AUDIENCE, BOB)
        record = self.record()
        python = self.python(session)
        self.assertEqual(python(scope=SCOPE, record=record), {"token": first})
        renewed = python(scope=OTHER_SCOPE, record=record)["token"]
        self.assertEqual(self.ours(session, OTHER_SCOPE, OTHER_AUDIENCE, BOB), renewed)
        ours = self.ours(session, THIRD_SCOPE, THIRD_AUDIENCE, BOB)
        self.assertEqual(python(scope=THIRD_SCOPE, record=record), {"token": ours})
        self.assert_grants(("authorization_code", 200), ("refresh_token", 200), ("refresh_token", 200))
        # And whom Python signs in.
        self.person(user=ADA)
        signed_in = python(scope=SCOPE)
        self.know(signed_in["record"])
        self.assertEqual(self.ours(session, SCOPE, AUDIENCE, ADA), signed_in["token"])
        self.ours(session, OTHER_SCOPE, OTHER_AUDIENCE, ADA)
        self.assertEqual({account["username"] for account in self.document(session)["Account"].values()}, {ADA, BOB})
        # Signed out here is signed out there.
        self.entra(session.environment(), "logout", "--quiet")
        self.assertIn("AuthenticationRequiredError", python(scope=SCOPE, record=signed_in["record"])["error"])
        self.assertEqual(python(scope=SCOPE, record=record), {"token": first})
        self.assert_nothing_readable()

    def test_two_processes_at_once(self):
        session = self.unlocked()
        folder = os.path.join(self.scratch, "driven")
        drivers = [Driver(session, folder) for _ in range(2)]
        answers = []

        def write(number, driver):
            for turn in range(WRITES):
                answers.append(driver.ask(f"add u{number}-{turn} {turn}"))

        threads = [threading.Thread(target=write, args=each) for each in enumerate(drivers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(answers), {"Kept(Keyring)"}, answers)
        for driver in drivers:
            self.assertEqual(driver.ask("accounts"), str(2 * WRITES))
        reader = Driver(session, folder)
        for number in range(2):
            for turn in range(WRITES):
                self.assertEqual(reader.ask(f"find u{number}-{turn}"), f"rt-u{number}-{turn}-{turn}")
        for driver in [*drivers, reader]:
            driver.close()

    def test_a_locked_keyring(self):
        """Nobody is there to unlock it: no prompt can be shown in this session."""
        session = self.unlocked()
        self.person(user=BOB)
        self.login(session.environment())
        session.close()
        locked = self.session()
        locked.start_keyring(is_unlocked=False)
        failure = self.entra(locked.environment(), "token", SCOPE, "--via", "account", code=SIGN_IN)
        self.assertEqual(failure["error"]["kind"], "authentication_required", failure)
        # Who reads that knows what to do: nobody was signed out.
        self.assertIn("the keyring is locked", failure["error"]["message"])
        failure = self.login(locked.environment(), code=UNAVAILABLE)
        self.assertIn("can't be kept", failure["error"]["message"])
        self.assertIn("the keyring is locked", failure["error"]["message"])
        # A program goes on, and says why it will not remember.
        driver = Driver(locked, os.path.join(self.scratch, "driven"))
        answer = driver.ask("add someone 1")
        self.assertRegex(answer, r"^(MemoryOnly|ReadOnly)\(.*the keyring is locked")
        self.assertEqual(driver.ask("find someone"), "rt-someone-1")
        driver.close()
        # What was there is there still.
        locked.close()
        self.ours(self.unlocked(), SCOPE, AUDIENCE, BOB)

    def test_a_sealed_file_whose_key_is_in_the_keyring(self):
        session = self.unlocked()
        folder = os.path.join(self.scratch, "driven")
        first = Driver(session, folder, "sealed")
        self.assertEqual(first.ask("add someone 1"), "Kept(SealedFile)")
        first.close()
        self.assertEqual(os.listdir(folder), ["driven.nocae.sealed"])
        with open(os.path.join(folder, "driven.nocae.sealed"), "rb") as file:
            self.assertNotIn(b"RefreshToken", file.read())
        session.close()
        # A key that can't be seen is neither missed nor replaced: what it sealed would be lost.
        locked = self.session()
        locked.start_keyring(is_unlocked=False)
        second = Driver(locked, folder, "sealed")
        self.assertRegex(second.ask("add another 2"), r"^(MemoryOnly|ReadOnly)\(.*the keyring is locked")
        second.close()
        locked.close()
        again = Driver(self.unlocked(), folder, "sealed")
        self.assertEqual([again.ask("find someone"), again.ask("find another"), again.ask("add third 3")], ["rt-someone-1", "-", "Kept(SealedFile)"])
        again.close()

    def test_no_service_and_no_bus(self):
        session = self.session()
        for environment in (session.environment(), {"PATH": os.environ["PATH"], "HOME": self.home}):
            before = len(self.emulator.requests("authorize"))
            failure = self.login(environment, code=UNAVAILABLE)
            self.assertIn("--allow-unencrypted-storage", failure["error"]["hint"], failure)
            self.assertIn("keyring", failure["error"]["message"])
            # Nobody signs in for nothing.
            self.assertEqual(len(self.emulator.requests("authorize")), before)
            self.login(environment, "--allow-unencrypted-storage")
            token = self.entra(environment, "token", SCOPE, "--via", "account")["access_token"]
            self.assert_token_of_user(token, AUDIENCE, ADA)
            with open(os.path.join(self.home, ".IdentityService", "msal.cache.nocae"), encoding="utf-8") as file:
                self.assertEqual(len(json.load(file)["RefreshToken"]), 1)
            self.entra(environment, "logout", "--quiet")


if __name__ == "__main__":
    main()
