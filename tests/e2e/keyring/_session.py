"""A session of a person: a bus of its own, and a Secret Service (gnome-keyring) that keeps its files in a home of its own."""

import os
import signal
import subprocess
import time

TIME_LIMIT = 20
PASSWORD = "throwaway-password"
SERVICE = "org.freedesktop.secrets"
# Without folders of services, the bus starts nothing by itself.
CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Session:
    """Ended by `close`."""

    def __init__(self, folder, home):
        self.home = home
        self.runtime = os.path.join(folder, "runtime")
        os.makedirs(self.runtime, mode=0o700)
        os.makedirs(home, mode=0o700, exist_ok=True)
        self.processes = []
        configuration = os.path.join(folder, "bus.conf")
        socket = os.path.join(self.runtime, "bus")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(socket=socket))
        self.address = f"unix:path={socket}"
        self.start("dbus-daemon", f"--config-file={configuration}", "--nofork")
        wait(lambda: os.path.exists(socket), "the bus")

    def environment(self):
        """What tells programs of this session."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "XDG_RUNTIME_DIR": self.runtime,
            "DBUS_SESSION_BUS_ADDRESS": self.address,
        }

    def start(self, *command, password=None):
        process = subprocess.Popen(
            command, env=self.environment() if command[0] != "dbus-daemon" else {"PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        process.stdin.write((password or "").encode())
        process.stdin.close()

    def start_keyring(self, is_unlocked=True):
        """The service, as it is after a login with a password, or without one."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        if is_unlocked:
            command.append("--unlock")
        self.start(*command, password=PASSWORD if is_unlocked else None)
        # The process is there before its name is.
        wait(self.has_keyring, "the Secret Service")

    def has_keyring(self):
        command = ["dbus-send", f"--bus={self.address}", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", f"string:{SERVICE}"]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=TIME_LIMIT)
        return "true" in done.stdout

    def secret_tool(self, *arguments):
        """libsecret's own tool: what it prints, on both outputs."""
        done = subprocess.run(
            ["secret-tool", *arguments], env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT
        )
        return done.stdout + done.stderr

    def close(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(TIME_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(found, what):
    deadline = time.monotonic() + TIME_LIMIT
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {TIME_LIMIT} s")
        time.sleep(0.02)
