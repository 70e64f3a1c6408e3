"""One cache file, written in turns and at the same time by MSAL's extensions for Python and by this project.

Usage: turns.py with|without CACHE_DRIVER

CACHE_DRIVER is the example `cache_driver` of identity-cache. The first argument says whether `portalocker` is installed, whose users lock the lock file;
without it they only make it. With it, a second Python without it takes its turns as well.
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

WRITES = 100  # of each of two sides, in turns
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


class Process:
    """The cache in another process, which is told what to do line by line."""

    def __init__(self, *command):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def add(self, user, number):
        answer = self.ask(f"add {user} {number}")
        # It was written down, nothing less.
        assert answer == "Kept(UnencryptedFile)", answer

    def find(self, user):
        return self.ask(f"find {user}")

    def close(self):
        self.ask("quit")
        self.child.wait(10)


def serve(path):
    """A Python without `portalocker`, as a process of its own."""
    sys.modules["portalocker"] = None
    python = Python(path)
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["add"]:
            python.add(*words[1:])
            print("Kept(UnencryptedFile)", flush=True)
        elif words[:1] == ["find"]:
            print(python.find(*words[1:]), flush=True)
        else:
            return


def timed(what):
    begun = time.monotonic()
    outcome = what()
    took = time.monotonic() - begun
    assert took < LONGEST_TURN, f"a turn took {took:.1f} s"
    return outcome


def in_turns(sides):
    """Each writes, and all others find it at once."""
    for number in range(2 * WRITES // len(sides) + 1):
        for name, writer in sides.items():
            user = f"{name}{number % USERS}"
            timed(lambda: writer.add(user, number))
            for other, reader in sides.items():
                if other != name:
                    found = timed(lambda: reader.find(user))
                    assert found == f"rt-{user}-{number}", (user, number, other, found)
    # Nothing was lost on the way.
    last = 2 * WRITES // len(sides)
    for name in sides:
        for number in range(last - USERS + 1, last + 1):
            for reader in sides.values():
                assert reader.find(f"{name}{number % USERS}") == f"rt-{name}{number % USERS}-{number}"


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


def run(program, has_locker):
    with tempfile.TemporaryDirectory() as home:
        folder = os.path.join(home, ".IdentityService")
        path = os.path.join(folder, "shared.nocae")
        python, ours = Python(path), Process(program, folder, "shared")
        sides = {"py": python, "rs": ours}
        if has_locker:
            sides["other"] = Process(sys.executable, "-s", "-B", __file__, "serve", path)
        begun = time.monotonic()
        in_turns(sides)
        at_once(python, ours)
        for side in sides.values():
            if side is not python:
                side.close()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert os.listdir(folder) == ["shared.nocae"], os.listdir(folder)
        return len(sides), time.monotonic() - begun


def main():
    how, what = sys.argv[1:]
    if how == "serve":
        serve(what)
        return
    import msal_extensions

    # It takes the place of the extensions' own lock when they are imported.
    lock = msal_extensions.token_cache.CrossPlatLock
    has_locker = lock.__module__.endswith("cache_lock")
    assert has_locker == (how == "with"), f"{how} portalocker, they lock by {lock}"
    sides, seconds = run(what, has_locker)
    print(f"{how} portalocker: more than {2 * WRITES} writes of {sides} programs in turns and {2 * AT_ONCE} of two at once in {seconds:.1f} s")


if __name__ == "__main__":
    main()
