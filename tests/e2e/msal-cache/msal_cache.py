"""One cache file, written in turns and at the same time by MSAL's extensions for Python and by this project.

Usage: msal_cache.py CACHE_DRIVER

CACHE_DRIVER is the example `cache_driver` of identity-cache. Everything is done twice: with `portalocker`, whose users lock the lock file, and
without it, whose users only make it.
"""

import base64
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time

WRITES = 100  # of each side, in turns
AT_ONCE = 25  # of each side, at the same time
USERS = 5
# A stale or disrespected lock costs a wait of five seconds; a turn takes some milliseconds.
LONGEST_TURN = 2.0


def client_info(user):
    text = json.dumps({"uid": user, "utid": "tenant"}).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


class Python:
    """The cache as azure-identity for Python uses it."""

    def __init__(self, path):
        import msal_extensions

        self.cache = msal_extensions.PersistedTokenCache(msal_extensions.FilePersistence(path))

    def add(self, user, number):
        self.cache.add(
            {
                "client_id": "client",
                "scope": ["https://vault.azure.net/.default"],
                "token_endpoint": "https://login.microsoftonline.com/tenant/oauth2/v2.0/token",
                "grant_type": "authorization_code",
                "response": {
                    "access_token": f"at-{user}-{number}",
                    "refresh_token": f"rt-{user}-{number}",
                    "client_info": client_info(user),
                    "expires_in": 3600,
                    "token_type": "Bearer",
                },
            }
        )

    def find(self, user):
        found = list(
            self.cache.search("RefreshToken", query={"home_account_id": f"{user}.tenant", "client_id": "client"})
        )
        return found[0]["secret"] if found else "-"


class Driver:
    """The cache as this project uses it."""

    def __init__(self, program, folder, name):
        self.child = subprocess.Popen(
            [program, folder, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def add(self, user, number):
        answer = self.ask(f"add {user} {number}")
        assert answer == "Kept(UnencryptedFile)", answer

    def find(self, user):
        return self.ask(f"find {user}")

    def close(self):
        self.ask("quit")
        self.child.wait(10)


def timed(what):
    begun = time.monotonic()
    outcome = what()
    took = time.monotonic() - begun
    assert took < LONGEST_TURN, f"a turn took {took:.1f} s"
    return outcome


def in_turns(python, driver):
    for number in range(WRITES):
        for prefix, writer, reader in (("py", python, driver), ("rs", driver, python)):
            user = f"{prefix}{number % USERS}"
            timed(lambda: writer.add(user, number))
            found = timed(lambda: reader.find(user))
            assert found == f"rt-{user}-{number}", (user, number, found)


def at_once(python, driver):
    failures = []

    def write():
        try:
            for number in range(AT_ONCE):
                python.add(f"pc{number}", number)
        except Exception as error:  # shown below: a thread's own exception is lost
            failures.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    for number in range(AT_ONCE):
        driver.add(f"rc{number}", number)
        # The other side tries for the lock every quarter of a second.
        time.sleep(0.02)
    thread.join()
    assert not failures, failures
    for number in range(AT_ONCE):
        for prefix in ("pc", "rc"):
            user = f"{prefix}{number}"
            for reader in (python, driver):
                assert reader.find(user) == f"rt-{user}-{number}", (user, reader)


def run(program):
    with tempfile.TemporaryDirectory() as home:
        folder = os.path.join(home, ".IdentityService")
        path = os.path.join(folder, "shared.nocae")
        python, driver = Python(path), Driver(program, folder, "shared")
        begun = time.monotonic()
        in_turns(python, driver)
        at_once(python, driver)
        driver.close()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert os.listdir(folder) == ["shared.nocae"], os.listdir(folder)
        return time.monotonic() - begun


def main():
    program = sys.argv[1]
    if len(sys.argv) > 2:  # one half, in a process of its own, since the choice is made when the extensions are imported
        if sys.argv[2] == "without":
            sys.modules["portalocker"] = None
        import msal_extensions

        has_locker = msal_extensions.token_cache.CrossPlatLock.__module__.endswith("cache_lock")
        assert has_locker == (sys.argv[2] == "with"), "portalocker has to be installed"
        print(f"{sys.argv[2]} portalocker: {run(program):.1f} s")
        return
    for half in ("with", "without"):
        subprocess.run([sys.executable, __file__, program, half], check=True)


if __name__ == "__main__":
    main()
