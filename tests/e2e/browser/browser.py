"""InteractiveBrowserCredential with a real browser: Chromium loads the emulator's page, runs its script, and carries the answer to our listener.

`cargo xtask e2e browser` runs this. ENTRA_EMULATOR names the file with the emulator's description, ENTRA_PROGRAM is our command line program, which has the
credential behind `token --via browser`, and ENTRA_PICTURES is the folder for what Chromium shows.
"""

import json
import os
import re
import struct
import subprocess
import tempfile
import unittest
import urllib.parse

from _chromium import TIME_LIMIT, Chromium, remove, wait
from _emulator import EmulatorCase, main

AUDIENCE = "https://graph.microsoft.com"
SCOPE = AUDIENCE + "/User.Read"
ADA = "ada@contoso.test"
BOB = "bob@contoso.test"
PICTURES = os.environ["ENTRA_PICTURES"]
FOREIGN_CODE = "of-another"
# Exit codes of our program.
REFUSED = 4


class Browser(EmulatorCase, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.scratch = tempfile.mkdtemp(prefix="entra-e2e-browser-")
        self.addCleanup(remove, self.scratch)

    def start(self, ca):
        """Our program, which starts the browser that trusts `ca`."""
        self.browser = Chromium(self.scratch, ca)
        environment = {"PATH": os.environ["PATH"], **self.browser.environment()}
        self.program = subprocess.Popen(
            [
                os.environ["ENTRA_PROGRAM"], "token", SCOPE, "--via", "browser", "--json", "--timeout", "60s",
                "--client-id", self.emulator.public_client_id, "--tenant", self.emulator.tenant_id,
                "--authority", self.emulator.authority, "--trust-authority", "--ca-file", self.emulator.ca,
            ],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(self.end)

    def end(self):
        """Whatever a failed test left."""
        self.browser.kill()
        if self.program.poll() is None:
            self.program.kill()
        self.program.communicate()

    def outcome(self):
        stdout, stderr = self.program.communicate(timeout=TIME_LIMIT)
        # How the tokens of the emulator begin, and its codes.
        self.assertNotIn("eyJhbGciOi", stderr)
        return self.program.returncode, json.loads(stdout if self.program.returncode == 0 else stderr)

    def authorization(self):
        """The requests for the emulator's page; the last one's parameters."""
        requests = self.emulator.requests("authorize")
        for request in requests:
            self.assertIn("Chrome/", request["headers"]["user-agent"])
        parameters = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query))
        self.assertEqual(parameters["response_mode"], "form_post")
        self.assertEqual(parameters["code_challenge_method"], "S256")
        self.assertGreaterEqual(len(parameters["state"]), 43)
        self.assertGreaterEqual(len(parameters["nonce"]), 43)
        return parameters

    def close(self):
        """Ends the browser. It asked nobody but the emulator and our listener, and no address carried a code."""
        requests = self.browser.close()
        redirect = self.parameters["redirect_uri"]
        allowed = (self.emulator.authority + "/", redirect + "/")
        for method, url in requests:
            self.assertTrue(url.startswith(allowed), (method, url))
            carried = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
            # That one is not ours.
            self.assertEqual(carried.pop("code", FOREIGN_CODE), FOREIGN_CODE)
            self.assertLessEqual(set(carried) & {"access_token", "id_token", "session_state", "code_verifier"}, set())
        return [(method, urllib.parse.urlsplit(url).path) for method, url in requests]

    def opened(self):
        """The address that our program gave to the browser, from the journal: the page may be gone already."""
        (request, *_) = self.emulator.requests("authorize")
        return f"{self.emulator.authority}{request['path']}?{urllib.parse.urlencode([tuple(pair) for pair in request['query']])}"

    def assert_signed_in(self, user):
        code, answer = self.outcome()
        self.assertEqual(code, 0, answer)
        claims = self.assert_token_of_user(answer["access_token"], AUDIENCE, user)
        self.assertEqual(claims["appid"], self.emulator.public_client_id)
        (redeemed,) = self.emulator.requests("token")
        form = redeemed["form"]
        self.assertEqual((form["grant_type"], redeemed["status"]), ("authorization_code", 200))
        self.assertEqual(form["redirect_uri"], self.parameters["redirect_uri"])
        self.assertGreaterEqual(len(form["code_verifier"]), 43)

    def assert_page(self, page, name, heading):
        """What the page says, to the eye (as pictures for people to look at) and to a screen reader."""
        tree = self.browser.accessible(page)
        self.assertEqual(tree[0], ("RootWebArea", heading))
        self.assertEqual([node for node in tree if node[0] == "heading"], [("heading", heading)])
        self.assertEqual([role for role, _ in tree if role == "main"], ["main"])
        # Text alone: nothing to press, to fill in or to look at.
        self.assertLessEqual({role for role, _ in tree}, {"RootWebArea", "main", "heading", "paragraph", "StaticText", "generic"})
        seen = self.browser.evaluate(
            page,
            """JSON.stringify({
                language: document.documentElement.lang,
                resources: performance.getEntriesByType('resource').map(entry => entry.name),
                font: parseFloat(getComputedStyle(document.body).fontSize),
                margin: document.querySelector('main').getBoundingClientRect().x,
                opener: window.opener,
            })""",
        )
        seen = json.loads(seen)
        self.assertEqual((seen["language"], seen["resources"], seen["opener"]), ("en", [], None))
        # Our style was taken, in spite of the policy that forbids all others.
        self.assertGreater(seen["font"], 16)
        self.assertGreater(seen["margin"], 0)
        pictures = {}
        for size, width in (("", 800), ("-narrow", 360)):
            for scheme in ("light", "dark"):
                path = os.path.join(PICTURES, f"{name}{size}-{scheme}.png")
                picture, wanted = self.browser.picture(page, path, width, 600, scheme)
                self.assertEqual((picture[:8], struct.unpack(">II", picture[16:24])), (b"\x89PNG\r\n\x1a\n", (width, 600)))
                # It fits into the window, and a picture with nothing in it would be small.
                self.assertLessEqual(wanted, width)
                self.assertGreater(len(picture), 3000)
                pictures[size, scheme] = picture
        # Whoever wants it dark gets it dark.
        self.assertEqual(len(set(pictures.values())), 4)

    def test_signed_in(self):
        self.emulator.administer("sign-ins", {"user": BOB})
        self.start(self.emulator.ca)
        page = self.browser.page(title="Signed in")
        self.url = self.opened()
        self.parameters = self.authorization()
        self.assert_signed_in(BOB)
        self.assert_page(page, "signed-in", "Signed in")
        requests = self.close()
        self.assertEqual(requests, [("GET", f"/{self.emulator.tenant_id}/oauth2/v2.0/authorize"), ("POST", "/")])

    def test_cancelled(self):
        self.emulator.administer("sign-ins", {"cancel": True})
        self.start(self.emulator.ca)
        page = self.browser.page(title="Not signed in")
        self.url = self.opened()
        self.parameters = self.authorization()
        code, failure = self.outcome()
        error = failure["error"]
        self.assertEqual((code, error["kind"], error["aadsts"]), (REFUSED, "authentication_failed", 65004), failure)
        self.assertEqual(self.emulator.requests("token"), [])
        self.assert_page(page, "not-signed-in", "Not signed in")
        # What the service said stays with the program.
        self.assertNotIn("AADSTS", self.browser.text(page))
        requests = self.close()
        self.assertEqual(requests, [("GET", f"/{self.emulator.tenant_id}/oauth2/v2.0/authorize"), ("POST", "/")])

    def test_what_others_bring_does_not_end_the_wait(self):
        self.emulator.administer("sign-ins", {"ignore": True})
        self.emulator.administer("sign-ins", {"user": BOB, "wrong_state": True})
        self.emulator.administer("sign-ins", {"user": ADA})
        self.start(self.emulator.ca)
        page = self.browser.page(title="Sign in")
        self.url = self.opened()
        self.parameters = self.authorization()
        redirect = self.parameters["redirect_uri"]
        # A code in an address, which a person could be talked into opening.
        self.browser.open(page, f"{redirect}/?code={FOREIGN_CODE}&state={self.parameters['state']}")
        page = self.browser.page(title="Do not share this address")
        self.assert_page(page, "code-in-an-address", "Do not share this address")
        self.browser.open(page, f"{redirect}/elsewhere")
        page = self.browser.page(title="Nothing here")
        self.assert_page(page, "nothing-here", "Nothing here")
        # The answer of another sign-in.
        self.browser.open(page, self.url)
        self.browser.page(title="Nothing here", url=f"{redirect}/")
        self.assertIsNone(self.program.poll())
        self.assertEqual(self.emulator.requests("token"), [])
        # And the right one.
        self.browser.open(page, self.url)
        self.browser.page(title="Signed in")
        self.assert_signed_in(ADA)
        self.close()

    def test_an_authority_that_the_browser_does_not_trust(self):
        """That Chromium trusts the emulator above is because of its certificate, and nothing else."""
        self.start(None)
        page = self.browser.page(url=self.emulator.authority)
        error = lambda: re.search("ERR_[A-Z_]+", self.browser.text(page))
        self.assertEqual(wait(error, "the error", lambda: self.browser.text(page)).group(), "ERR_CERT_AUTHORITY_INVALID")
        self.assertEqual(self.emulator.requests("authorize"), [])
        self.assertIsNone(self.program.poll())
        self.browser.close()


if __name__ == "__main__":
    main()
