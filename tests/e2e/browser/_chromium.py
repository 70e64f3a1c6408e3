"""Headless Chromium with a home of its own: what it trusts, what it shows, and every address that it asked for."""

import asyncio
import base64
import json
import os
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request

import aiohttp

TIME_LIMIT = 30
# Less of what Chromium does for itself. The rest of it fails for want of names, and the log tells it from what pages do.
QUIET = [
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
    "--password-store=basic",
]


class Chromium:
    """What our credential finds in `$BROWSER`, seen from outside. It is started by the credential, and ended here."""

    def __init__(self, scratch, ca=None):
        self.home = os.path.join(scratch, "home")
        self.profile = os.path.join(scratch, "profile")
        self.net_log = os.path.join(scratch, "net-log.json")
        os.makedirs(self.home, mode=0o700)
        if ca is not None:
            self._trust(ca)

    def _trust(self, ca):
        """Chromium looks for further authorities in the database of the person who runs it."""
        database = os.path.join(self.home, ".pki", "nssdb")
        os.makedirs(database, mode=0o700)
        for arguments in (["-N", "--empty-password"], ["-A", "-n", "emulator", "-t", "C,,", "-i", ca]):
            subprocess.run(["certutil", "-d", f"sql:{database}", *arguments], check=True, stdin=subprocess.DEVNULL, timeout=TIME_LIMIT)

    def environment(self):
        command = [
            "chromium",
            "--headless",
            *QUIET,
            # Names are found on this machine alone, whatever a page says.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            "--no-proxy-server",
            "--remote-debugging-port=0",
            f"--user-data-dir={self.profile}",
            f"--log-net-log={self.net_log}",
            "--net-log-capture-mode=IncludeSensitive",
        ]
        if os.geteuid() == 0:
            # Its sandbox is not for root.
            command.append("--no-sandbox")
        return {"HOME": self.home, "BROWSER": command_line(self.home, command)}

    def devtools(self):
        """The port of its developer tools, once it is there."""
        path = os.path.join(self.profile, "DevToolsActivePort")

        def port():
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    return file.readline().strip() or None

        return wait(port, "Chromium")

    def pages(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.devtools()}/json/list", timeout=TIME_LIMIT) as answer:
            return [page for page in json.loads(answer.read()) if page["type"] == "page"]

    def page(self, title=None, url=None):
        """The page, once it has this title or an address that begins so."""

        def found():
            for page in self.pages():
                if (title is None or page["title"] == title) and (url is None or page["url"].startswith(url)):
                    return page

        return wait(found, f"a page {title or url!r}", lambda: self.pages())

    def ask(self, page, *commands):
        """The answers to commands of the DevTools protocol."""

        async def talk():
            async with aiohttp.ClientSession() as session:
                async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    answers = []
                    for number, (method, parameters) in enumerate(commands):
                        await socket.send_json({"id": number, "method": method, "params": parameters})
                        while True:
                            message = json.loads((await socket.receive(TIME_LIMIT)).data)
                            if message.get("id") == number:
                                break
                        if "error" in message:
                            raise RuntimeError(f"{method}: {message['error']}")
                        answers.append(message["result"])
                    return answers

        return asyncio.run(talk())

    def open(self, page, url):
        self.ask(page, ("Page.navigate", {"url": url}))

    def picture(self, page, path, width=800, height=600, scheme="light"):
        """What a person sees, as a PNG file; its bytes, and how wide the page wants to be."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        scheme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        # They hold for one connection alone.
        *_, wants, shot = self.ask(
            page,
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setEmulatedMedia", scheme),
            ("Runtime.evaluate", {"expression": "document.documentElement.scrollWidth", "returnByValue": True}),
            ("Page.captureScreenshot", {"format": "png"}),
        )
        data = base64.b64decode(shot["data"])
        with open(path, "wb") as file:
            file.write(data)
        return data, wants["result"]["value"]

    def accessible(self, page):
        """What is read out: roles and names, in their order."""
        _, tree = self.ask(page, ("Accessibility.enable", {}), ("Accessibility.getFullAXTree", {}))
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in tree["nodes"]
            if not node["ignored"] and node["role"]["value"] != "InlineTextBox"
        ]

    def text(self, page):
        """All that is to be read, as soon as there is a document."""

        def text():
            try:
                return self.evaluate(page, "document.body && document.body.innerText")
            except RuntimeError:
                return None

        return wait(text, "the text of a page")

    def evaluate(self, page, expression):
        (answer,) = self.ask(page, ("Runtime.evaluate", {"expression": expression, "returnByValue": True}))
        return answer["result"].get("value")

    def process(self):
        """Its process, which the lock of its profile names while it runs."""
        try:
            return int(os.readlink(os.path.join(self.profile, "SingletonLock")).rpartition("-")[2])
        except FileNotFoundError:
            return None

    def kill(self):
        """Ends it, whatever it does."""
        process = self.process()
        if process is not None:
            os.kill(process, signal.SIGKILL)

    def close(self):
        """Ends it, so that its log is whole; every request of its pages, as (method, address)."""
        port = self.devtools()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/version", timeout=TIME_LIMIT) as answer:
            whole = json.loads(answer.read())
        self.ask(whole, ("Browser.close", {}))
        wait(lambda: self.process() is None, "the end of Chromium")

        def log():
            try:
                with open(self.net_log, encoding="utf-8") as file:
                    return json.load(file)
            except (FileNotFoundError, json.JSONDecodeError):
                return None

        log = wait(log, "the log of Chromium")
        started = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        requests = []
        for event in log["events"]:
            request = event.get("params", {})
            if event["type"] != started or "url" not in request:
                continue
            # Its own services are no page, and no page began them.
            is_page = request["request_type"] != "other" or request["initiator"] != "not an origin"
            if is_page:
                requests.append((request["method"], request["url"]))
        return requests


def command_line(folder, command):
    """`$BROWSER` knows no quotes: a script with the command, for arguments with anything in them."""
    path = os.path.join(folder, "browser")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {shlex.join(command)} "$1"\n')
    os.chmod(path, 0o700)
    return path


def remove(folder):
    """Removes a folder in which a browser may still be writing its last."""
    wait(lambda: shutil.rmtree(folder, ignore_errors=True) or not os.path.exists(folder), "the end of a folder")


def wait(found, what, otherwise=lambda: ""):
    """What `found` finds, as soon as it finds something."""
    deadline = time.monotonic() + TIME_LIMIT
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come within {TIME_LIMIT} s: {otherwise()}")
