"""The real Azure CLI, signed in to our emulator as a custom cloud, and AzureCliCredential on top of it.

`cargo xtask e2e az` runs this with the Python that the Azure CLI is installed for. ENTRA_EMULATOR names the file with the emulator's description,
ENTRA_PROGRAM is our command line program, which has the credential behind `token --via azure-cli`. ENTRA_OLD_AZURE_CLI is a second Azure CLI, from before
version 2.54.
"""

import base64
import calendar
import concurrent.futures
import contextlib
import datetime
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import zoneinfo

import jwt

import _cloud

TENANT = "11111111-1111-1111-1111-111111111111"
OTHER_TENANT = "33333333-3333-3333-3333-333333333333"
# The Azure CLI's own client id, and who signs in to it.
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
USER = "ada@lab.test"
UNKNOWN_TENANT = "99999999-9999-9999-9999-999999999999"
ARM = "https://management.azure.com"
# Exit codes of our program.
UNAVAILABLE, REFUSED, INTERRUPTED = 3, 4, 130


class Emulator:
    """The running emulator: its addresses, and its administration over HTTP."""

    def __init__(self):
        with open(os.environ["ENTRA_EMULATOR"], encoding="utf-8") as file:
            description = json.load(file)
        self.authority = description["authority"]
        self.port = description["port"]
        self.ca = description["ca_file"]
        self.admin = description["admin"]
        self.client_id = description["client_id"]
        self.secret = description["client_secret"]
        self._tls = ssl.create_default_context(cafile=self.ca)
        # Whatever proxy this machine has, it is not for the loopback interface.
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls))

    def administer(self, path, body=None):
        request = urllib.request.Request(f"{self.admin}/_admin/{path}", data=json.dumps(body or {}).encode(), method="POST")
        request.add_header("content-type", "application/json")
        with self._direct.open(request, timeout=10) as answer:
            answer.read()

    def fault(self, do):
        self.administer("faults", {"on": {"route": "token"}, "do": do})

    def _get(self, url):
        with self._direct.open(url, timeout=10) as answer:
            return json.loads(answer.read())

    def verify(self, token, tenant, audience):
        """The claims of a token, after the checks that an API makes: key found by discovery, signature, dates, audience, issuer."""
        config = self._get(f"{self.authority}/{tenant}/.well-known/openid-configuration")
        keys = {key["kid"]: key for key in self._get(config["jwks_uri"])["keys"]}
        key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]])
        return jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=config["issuer"])


class Machine:
    """A home with an Azure CLI of its own that knows the emulator as its cloud."""

    bin = os.path.dirname(sys.executable)
    az = os.path.join(bin, "az")

    def __init__(self, emulator):
        self.emulator = emulator
        self.scratch = tempfile.mkdtemp(prefix="entra-e2e-az-")
        self.config = os.path.join(self.scratch, "config")
        self.environment = {
            "PATH": f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": self.scratch,
            "AZURE_CONFIG_DIR": self.config,
            "AZURE_CORE_COLLECT_TELEMETRY": "0",
            "REQUESTS_CA_BUNDLE": emulator.ca,
            "NO_PROXY": "localhost,127.0.0.1",
        }

    def close(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def run(self, *args, env=None):
        """The tool itself: exit code and both outputs."""
        done = subprocess.run([self.az, *args], env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def must(self, *args):
        code, stdout, stderr = self.run(*args)
        assert code == 0, (args, stdout, stderr)
        return stdout

    def add_cloud(self):
        authority = self.emulator.authority
        self.must(
            "cloud", "register", "--name", "Lab", "--skip-endpoint-discovery",
            "--endpoint-active-directory", authority, "--endpoint-resource-manager", authority,
            "--endpoint-active-directory-resource-id", ARM, "--endpoint-management", f"{authority}/",
        )
        self.must("cloud", "set", "--name", "Lab")
        self.must("config", "set", "core.instance_discovery=false")

    def login(self, *proof):
        return self.run(
            "login", "--service-principal", "--username", self.emulator.client_id, *proof,
            "--tenant", TENANT, "--skip-subscription-discovery",
        )

    def running(self):
        """The command lines of all processes of this home that run: zombies don't."""
        lines = []
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/environ", "rb") as file:
                    is_ours = f"AZURE_CONFIG_DIR={self.config}".encode() in file.read().split(b"\0")
                with open(f"/proc/{process}/cmdline", "rb") as file:
                    line = file.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if is_ours and line:
                lines.append(line)
        return lines

    def token(self, *args, scope=f"{ARM}/.default", env=None):
        """What our credential makes of it: exit code, and the answer or the failure as JSON."""
        done = subprocess.run(
            [os.environ["ENTRA_PROGRAM"], "token", scope, "--via", "azure-cli", "--json", *args],
            env={**self.environment, **(env or {})}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )
        # How the tokens of the emulator begin.
        assert "eyJhbGciOi" not in done.stderr, "a token in a failure"
        text = done.stdout if done.returncode == 0 else done.stderr
        return done.returncode, json.loads(text)


class OldMachine(Machine):
    """The same with an Azure CLI from before 2.54, which knows the emulator as the public cloud's sign-in host."""

    az = os.environ["ENTRA_OLD_AZURE_CLI"]

    def __init__(self, emulator):
        super().__init__(emulator)
        self.ends = contextlib.ExitStack()
        self.cloud = self.ends.enter_context(_cloud.Cloud(emulator, self.scratch).running())
        self.environment.update(
            PATH=f"{os.path.dirname(self.az)}{os.pathsep}/usr/bin{os.pathsep}/bin", REQUESTS_CA_BUNDLE=self.cloud.ca, HTTPS_PROXY=self.cloud.proxy.url
        )

    def close(self):
        self.ends.close()
        super().close()

    def add_cloud(self):
        self.must(
            "cloud", "register", "--name", "Lab", "--endpoint-active-directory", _cloud.AUTHORITY,
            "--endpoint-resource-manager", self.cloud.resource_manager.url, "--endpoint-active-directory-resource-id", ARM,
            # With this one too, it asks the resource manager for no addresses; it has no option for that.
            "--endpoint-active-directory-graph-resource-id", "https://graph.windows.net/", "--endpoint-management", f"{self.cloud.resource_manager.url}/",
        )
        self.must("cloud", "set", "--name", "Lab")

    def login(self, *proof):
        return self.run(
            "login", "--service-principal", "--username", self.emulator.client_id, *proof,
            "--tenant", TENANT, "--allow-no-subscriptions",
        )


class Case(unittest.TestCase):
    """What the tests of both ages share."""

    emulator = Emulator()
    machine_kind = Machine

    def setUp(self):
        self.emulator.administer("reset")
        self.machine = self.machine_kind(self.emulator)
        self.addCleanup(self.machine.close)
        self.addCleanup(self.assert_nothing_runs)
        self.machine.add_cloud()

    def assert_nothing_runs(self):
        """However a tool ended, nothing of it is left a second later."""
        if not os.path.isdir("/proc/self"):
            return
        end = time.monotonic() + 1
        while self.machine.running() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(self.machine.running(), [])

    def sign_in(self):
        code, _, stderr = self.machine.login("--password", self.emulator.secret)
        self.assertEqual(code, 0, stderr)

    def assert_token(self, *args, client=None, audience=ARM, tenant=TENANT, env=None, scope=f"{ARM}/.default"):
        code, answer = self.machine.token(*args, env=env, scope=scope)
        self.assertEqual(code, 0, answer)
        claims = self.emulator.verify(answer["access_token"], tenant, audience)
        self.assertEqual(claims["tid"], tenant)
        self.assertEqual(claims["appid"], client or self.emulator.client_id)
        # The tool counts whole seconds from now.
        self.assertLessEqual(abs(answer["expires_on"] - claims["exp"]), 3)
        return answer

    def assert_failure(self, code, kind, *args, words, aadsts=None, scope=f"{ARM}/.default", env=None):
        found, failure = self.machine.token(*args, scope=scope, env=env)
        error = failure["error"]
        self.assertEqual((found, error["kind"], error.get("aadsts")), (code, kind, aadsts), failure)
        self.assertIn(words, error["message"])
        # What the tool says of ordinary failures can be read.
        self.assertNotIn("redacted", error["message"])
        return error


class AzureCli(Case):
    def sign_in_as_user(self):
        self.emulator.administer("sign-ins", {"user": USER, "polls": 0})
        code, _, stderr = self.machine.run("login", "--use-device-code", "--tenant", TENANT, "--skip-subscription-discovery")
        self.assertEqual(code, 0, stderr)

    def test_secret(self):
        self.sign_in()
        self.assert_token()
        self.assert_token(audience="https://vault.azure.net", scope="https://vault.azure.net/.default")

    def test_certificate(self):
        pem, certificate = self_signed()
        self.emulator.administer("certificates", {"pem": certificate})
        path = os.path.join(self.machine.scratch, "client.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(pem + certificate)
        code, _, stderr = self.machine.login("--certificate", path)
        self.assertEqual(code, 0, stderr)
        self.assert_token()

    def test_user(self):
        self.sign_in_as_user()
        self.assert_token(client=AZURE_CLI)
        self.assert_token("--tenant", TENANT, client=AZURE_CLI, audience="https://vault.azure.net", scope="https://vault.azure.net/.default")
        # Advice to sign in again stands below every refusal; it is not what "nobody is signed in" means.
        error = self.assert_failure(REFUSED, "authentication_failed", words="AADSTS500011", aadsts=500011, scope="https://bad-scope.example/.default")
        self.assertIn("correlation_id", error)

    def test_user_from_whom_the_service_wants_more(self):
        self.sign_in_as_user()
        self.emulator.fault({"aadsts": 50076})
        self.assert_failure(REFUSED, "authentication_failed", words="AADSTS50076", aadsts=50076, scope="https://vault.azure.net/.default")

    def test_user_whose_sessions_were_ended(self):
        self.sign_in_as_user()
        self.emulator.administer("revocations", {"user": USER})
        code, failure = self.machine.token(scope="https://vault.azure.net/.default")
        self.assertEqual((code, failure["error"]["kind"]), (REFUSED, "authentication_failed"), failure)
        self.assertIsNotNone(failure["error"].get("aadsts"), failure)

    def test_tenant_and_subscription(self):
        self.sign_in()
        self.assert_token("--tenant", TENANT)
        # A service principal in another tenant: exit code 0 with a warning on the standard error output.
        self.assert_token("--tenant", OTHER_TENANT, tenant=OTHER_TENANT)
        # The subscription of an account without one is its tenant.
        self.assert_token("--subscription", TENANT)
        # Both at once are refused by the tool, and therefore never passed on.
        code, _, stderr = self.machine.run("account", "get-access-token", "--tenant", TENANT, "--subscription", TENANT)
        self.assertNotEqual(code, 0)
        self.assertIn("only one of subscription and tenant", stderr)
        self.assert_token("--tenant", TENANT, "--subscription", "anything")

    def test_time_zones(self):
        self.sign_in()
        for zone in ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Chatham"]:
            self.assert_token(env={"TZ": zone})

    def test_output_of_old_versions(self):
        """As before 2.54, with the end as the real tool writes it in local time alone."""
        self.sign_in()
        folder = os.path.join(self.machine.scratch, "old")
        os.mkdir(folder)
        program = os.path.join(folder, "az")
        with open(program, "w", encoding="utf-8") as file:
            file.write(OLD_AZ.format(python=sys.executable, az=self.machine.az))
        os.chmod(program, 0o755)
        for zone in ["UTC", "Asia/Kolkata", "America/New_York"]:
            environment = {"TZ": zone, "PATH": f"{folder}{os.pathsep}{self.machine.environment['PATH']}"}
            old = subprocess.run([program, "account", "get-access-token", "--output", "json"], env={**self.machine.environment, **environment}, capture_output=True, check=True)
            self.assertNotIn("expires_on", json.loads(old.stdout))
            self.assert_token(env=environment)

    def test_many_at_once(self):
        self.sign_in()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for code, answer in pool.map(lambda _: self.machine.token(), range(8)):
                self.assertEqual(code, 0, answer)

    def test_not_signed_in(self):
        error = self.assert_failure(UNAVAILABLE, "credential_unavailable", words="nobody is signed in")
        self.assertIn("az login", error["hint"])

    def test_not_installed(self):
        empty = os.path.join(self.machine.scratch, "empty")
        os.mkdir(empty)
        error = self.assert_failure(UNAVAILABLE, "credential_unavailable", words="was not found", env={"PATH": empty})
        self.assertIn("install", error["hint"])

    def test_wrong_secret(self):
        code, stdout, stderr = self.machine.login("--password", "wrong-secret")
        self.assertEqual((code, stdout), (1, ""))
        self.assertIn("AADSTS7000215", stderr)
        self.assert_failure(UNAVAILABLE, "credential_unavailable", words="nobody is signed in")

    def test_secret_that_was_changed(self):
        self.sign_in()
        self.emulator.fault({"aadsts": 7000215})
        error = self.assert_failure(REFUSED, "authentication_failed", words="AADSTS7000215", aadsts=7000215, scope="https://vault.azure.net/.default")
        self.assertIn("secret", error["hint"])

    def test_unknown_resource(self):
        self.sign_in()
        error = self.assert_failure(REFUSED, "authentication_failed", words="AADSTS500011", aadsts=500011, scope="https://bad-scope.example/.default")
        self.assertIn("correlation_id", error)

    def test_unknown_tenant(self):
        """A traceback of fifty lines, after a warning."""
        self.sign_in()
        error = self.assert_failure(REFUSED, "authentication_failed", "--tenant", UNKNOWN_TENANT, words="Unable to get authority configuration", aadsts=90002)
        self.assertLess(len(error["message"]), 300)

    def test_unknown_subscription(self):
        self.sign_in()
        self.assert_failure(REFUSED, "authentication_failed", "--subscription", "nosub", words="Subscription 'nosub' not found")

    def test_certificate_that_is_not_trusted(self):
        self.sign_in()
        untrusted = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
        error = self.assert_failure(
            REFUSED, "authentication_failed", words="does not trust the certificate", scope="https://vault.azure.net/.default", env=untrusted
        )
        self.assertIn("REQUESTS_CA_BUNDLE", error["hint"])

    def test_claims(self):
        """The tool takes no claims here. What our hint says is understood by its login."""
        self.sign_in()
        code, _, stderr = self.machine.run("account", "get-access-token", "--claims-challenge", "e30=")
        self.assertEqual(code, 2)
        self.assertIn("unrecognized arguments", stderr)
        claims = '{"access_token":{"nbf":{"essential":true,"value":"1764"}}}'
        error = self.assert_failure(UNAVAILABLE, "credential_unavailable", "--claims", claims, "--tenant", TENANT, words="needs a person")
        encoded = base64.b64encode(claims.encode()).decode()
        self.assertIn(f'az login --claims-challenge "{encoded}" --tenant "{TENANT}" --scope "{ARM}/.default"', error["hint"])
        self.assertIn("--claims-challenge", self.machine.must("login", "--help"))

    def test_a_tool_that_takes_too_long(self):
        """A token endpoint that doesn't answer: the tool waits, and is ended after 10 s with all that it started."""
        self.sign_in()
        self.emulator.fault({"delay_ms": 60_000})
        start = time.monotonic()
        self.assert_failure(UNAVAILABLE, "credential_unavailable", words="within 10 s", scope="https://vault.azure.net/.default")
        self.assertLess(time.monotonic() - start, 15)
        self.assert_nothing_runs()

    def test_an_interrupted_program(self):
        """Ctrl-C ends our program, and the tool with it, which is in a process group of its own."""
        self.sign_in()
        self.emulator.fault({"delay_ms": 60_000})
        program = subprocess.Popen(
            [os.environ["ENTRA_PROGRAM"], "token", "https://vault.azure.net/.default", "--via", "azure-cli"],
            env=self.machine.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        end = time.monotonic() + 10
        while not any("get-access-token" in line for line in self.machine.running()):
            self.assertLess(time.monotonic(), end, "the tool was not started")
            time.sleep(0.02)
        program.send_signal(signal.SIGINT)
        stdout, stderr = program.communicate(timeout=10)
        self.assertEqual((program.returncode, stdout), (INTERRUPTED, ""), stderr)
        self.assert_nothing_runs()


class OldAzureCli(Case):
    """The real tool of before 2.54."""

    machine_kind = OldMachine

    def setUp(self):
        super().setUp()
        # Beside the resource manager, only the emulator was asked. Whether there is a newer version, it asks once in a new home; the proxy refuses that.
        known = {"login.microsoftonline.com:443", "azure.microsoft.com:443"}
        self.addCleanup(lambda: self.assertLessEqual(set(self.machine.cloud.proxy.asked), known))

    def printed(self, *args, env=None):
        """What the tool itself prints for a token."""
        code, stdout, stderr = self.machine.run("account", "get-access-token", "--output", "json", *args, env=env)
        self.assertEqual(code, 0, stderr)
        return json.loads(stdout)

    def assert_end(self, zone):
        """The end of the token in local time is the only one that the tool prints, and ours."""
        environment = {"TZ": zone}
        printed = self.printed("--scope", f"{ARM}/.default", env=environment)
        self.assertEqual(set(printed), {"accessToken", "expiresOn", "subscription", "tenant", "tokenType"})
        local = datetime.datetime.strptime(printed["expiresOn"], "%Y-%m-%d %H:%M:%S.%f")
        end = local.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()
        answer = self.assert_token(env=environment)
        self.assertEqual(answer["access_token"], printed["accessToken"])
        # The same token out of its cache, whose end it counts from now in whole seconds each time.
        self.assertLessEqual(abs(answer["expires_on"] - end), 2)

    def test_version(self):
        version = json.loads(self.machine.must("version", "--output", "json"))["azure-cli"]
        self.assertLess(tuple(map(int, version.split(".")[:2])), (2, 54))

    def test_end_in_local_time(self):
        self.sign_in()
        self.assertEqual(self.machine.cloud.resource_manager.asked, ["/subscriptions"])
        for zone in ["UTC", "America/New_York", "Asia/Kolkata"]:
            with self.subTest(zone):
                self.assert_end(zone)

    def test_tenant(self):
        """Of a service principal in another tenant: exit code 0 with a warning on the standard error output."""
        self.sign_in()
        code, _, stderr = self.machine.run("account", "get-access-token", "--tenant", OTHER_TENANT)
        self.assertEqual(code, 0, stderr)
        self.assertIn("WARNING: Could not retrieve credential from local cache", stderr)
        self.assert_token("--tenant", OTHER_TENANT, tenant=OTHER_TENANT)

    def test_unknown_resource(self):
        self.sign_in()
        scope = "https://bad-scope.example/.default"
        code, stdout, stderr = self.machine.run("account", "get-access-token", "--output", "json", "--scope", scope)
        self.assertEqual((code, stdout), (1, ""))
        # Its own words for it, the advice to sign in included.
        self.assertRegex(stderr, r"(?s)\AERROR: AADSTS500011: .*\nInteractive authentication is needed\. Please run:\naz login\n\Z")
        error = self.assert_failure(REFUSED, "authentication_failed", words="AADSTS500011", aadsts=500011, scope=scope)
        self.assertIn("correlation_id", error)
        # Not the tool's advice: nobody who signs in again gets a token for that.
        self.assertIn("check the scope's resource", error["hint"])

    def test_secret_that_was_changed(self):
        self.sign_in()
        self.emulator.fault({"aadsts": 7000215})
        error = self.assert_failure(REFUSED, "authentication_failed", words="AADSTS7000215", aadsts=7000215, scope="https://vault.azure.net/.default")
        self.assertIn("secret", error["hint"])

    def test_not_signed_in(self):
        error = self.assert_failure(UNAVAILABLE, "credential_unavailable", words="nobody is signed in")
        self.assertIn("az login", error["hint"])


# The real tool without what old versions do not print.
OLD_AZ = """#!{python}
import json, subprocess, sys
done = subprocess.run(["{az}", *sys.argv[1:]], capture_output=True)
sys.stderr.buffer.write(done.stderr)
if done.returncode == 0:
    answer = json.loads(done.stdout)
    del answer["expires_on"]
    print(json.dumps(answer, indent=2))
sys.exit(done.returncode)
"""


def self_signed():
    """A private key and a certificate for it, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "e2e-az")])
    now = datetime.datetime.fromtimestamp(calendar.timegm(time.gmtime()), datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


if __name__ == "__main__":
    unittest.main(verbosity=2)
