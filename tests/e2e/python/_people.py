"""What the scripts share in which people sign in: libraries with their factory settings, and a browser without a window."""

import json
import os
import shlex
import sys
import tempfile
import time
from unittest import mock

from _emulator import EmulatorCase
from _proxy import Proxy

AUDIENCE = "https://graph.microsoft.com"
SCOPE = AUDIENCE + "/User.Read"
OTHER_AUDIENCE = "https://management.azure.com"
OTHER_SCOPE = OTHER_AUDIENCE + "/.default"
ADA = "ada@contoso.test"
HOST = "login.microsoftonline.com"
TIME_LIMIT = 10


class PeopleCase(EmulatorCase):
    """Mixed into test cases: the public cloud is the emulator."""

    def setUp(self):
        super().setUp()
        self.proxy = self.enter(Proxy(self.emulator.port).running())
        scratch = self.enter(tempfile.TemporaryDirectory())
        self.browser_log = os.path.join(scratch, "browser.log")
        variables = {
            "HTTPS_PROXY": self.proxy.url,
            # For `requests`, and for the browser.
            "REQUESTS_CA_BUNDLE": self.emulator.ca,
            "SSL_CERT_FILE": self.emulator.ca,
            "BROWSER_LOG": self.browser_log,
            "BROWSER": self.browser(),
        }
        self.enter(mock.patch.dict(os.environ, variables))

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def tearDown(self):
        self.assertLessEqual(set(self.proxy.asked), {f"{HOST}:443"})

    def browser(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_browser.py")
        return shlex.join([sys.executable, "-s", "-B", script, "%s"])

    def seen(self, count=2):
        """What the browser did, as soon as it is so much: it may be behind the program."""
        deadline = time.monotonic() + TIME_LIMIT
        while True:
            lines = []
            if os.path.exists(self.browser_log):
                with open(self.browser_log, encoding="utf-8") as log:
                    lines = log.read().splitlines()
            if len(lines) >= count or time.monotonic() > deadline:
                return [json.loads(line) for line in lines]
            time.sleep(0.02)

    def person(self, **wishes):
        """What the next person does."""
        self.emulator.administer("sign-ins", wishes)

    def assert_grants(self, *expected):
        """The grants that were asked for, with the outcome of each."""
        found = [(request["form"]["grant_type"].rsplit(":", 1)[-1], request["status"]) for request in self.emulator.requests("token")]
        self.assertEqual(found, list(expected))
