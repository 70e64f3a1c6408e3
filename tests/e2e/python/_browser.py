"""A browser without a window, for `$BROWSER`: it opens the address, and posts the form that comes of it as the page's script would.

It returns at once, as a desktop's opener does: the program that starts it may only begin to listen when it is gone. What it did goes to the file that
BROWSER_LOG names, one JSON document a line. The emulator's certificate comes from SSL_CERT_FILE, its address by way of HTTPS_PROXY.
"""

import html.parser
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TIME_LIMIT = 10


class Form(html.parser.HTMLParser):
    """The first form of a page, and the fields in it."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields = None, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        elif tag == "input":
            self.fields.append((attributes["name"], attributes["value"]))


def fetch(url, data=None, headers=()):
    request = urllib.request.Request(url, data, dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=TIME_LIMIT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def visit(url):
    status, page = fetch(url)
    note({"opened": url, "status": status})
    form = Form(page)
    if form.action is None:
        return
    origin = urllib.parse.urlsplit(url)
    headers = {"Origin": f"{origin.scheme}://{origin.netloc}"}
    body = urllib.parse.urlencode(form.fields).encode()
    # Whoever listens for it may need a moment after we were started.
    deadline = time.monotonic() + TIME_LIMIT
    while True:
        try:
            status, page = fetch(form.action, body, headers)
            break
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    note({"posted": form.action, "fields": [name for name, _ in form.fields], "status": status, "page": page})


def note(what):
    with open(os.environ["BROWSER_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps(what) + "\n")


def main():
    if sys.argv[1] == "--visit":
        visit(sys.argv[2])
        return
    # In a session of its own, with nothing of ours held open.
    nothing = subprocess.DEVNULL
    subprocess.Popen(
        [sys.executable, "-s", "-B", __file__, "--visit", sys.argv[1]],
        stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
    )


if __name__ == "__main__":
    main()
