"""Python's azure.identity.aio beside the others: over the same fake service, by a transport of its own, or once over TLS.

`measure` prints one JSON document. `start` gets one token from the service that the environment names and says so.
"""

import asyncio
import json
import logging
import os
import statistics
import sys
import time

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "44444444-4444-4444-4444-444444444444"
TOKEN = "x" * 1500
SHORT, LONG, LONGEST = 0.05, 0.2, 0.5
REFUSAL = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: Invalid client secret provided.",
    "error_codes": [7000215],
}


def scope(key):
    return f"https://resource-{key}.azure.example/.default"


async def start():
    from azure.identity.aio import ClientSecretCredential

    credential = ClientSecretCredential(
        os.environ["BENCH_TENANT"],
        os.environ["BENCH_CLIENT"],
        os.environ["BENCH_SECRET"],
        authority=os.environ["BENCH_AUTHORITY"],
        disable_instance_discovery=True,
        connection_verify=os.environ["SSL_CERT_FILE"],
    )
    token = await credential.get_token("https://management.azure.com/.default")
    print("token", len(token.token), flush=True)
    await credential.close()


class Response:
    """What the pipeline reads of an answer."""

    content_type = "application/json"
    reason = None

    def __init__(self, status, document):
        self.status_code = status
        self.headers = {"content-type": self.content_type}
        self._text = json.dumps(document)

    def text(self, encoding=None):
        return self._text

    def body(self):
        return self._text.encode()


class Service:
    """The fake service, as a transport."""

    def __init__(self, delay=0.0, refuses=False):
        self.delay, self.refuses, self.requests = delay, refuses, 0

    async def send(self, request, **options):
        self.requests += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.refuses:
            return Response(400, REFUSAL)
        return Response(200, {"token_type": "Bearer", "expires_in": 86400, "access_token": TOKEN})

    async def sleep(self, duration):
        await asyncio.sleep(duration)

    async def open(self):
        pass

    async def close(self):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    def credential(self):
        from azure.identity.aio import ClientSecretCredential

        return ClientSecretCredential(
            TENANT, CLIENT, "not a secret", transport=self, disable_instance_discovery=True, retry_total=0
        )


async def at_once(service, keys, succeeds=True):
    """Milliseconds until all that ask at the same time have their answer."""
    credential = service.credential()
    began = time.perf_counter()
    answers = await asyncio.gather(*(credential.get_token(scope(key)) for key in keys), return_exceptions=True)
    took = (time.perf_counter() - began) * 1000
    for answer in answers:
        if isinstance(answer, Exception) == succeeds:
            raise RuntimeError(f"an unexpected answer: {answer!r}")
    return took


async def hit():
    """The median of nine rounds, in nanoseconds."""
    credential = Service().credential()
    await credential.get_token(scope(0))
    rounds = []
    for _ in range(9):
        began = time.perf_counter_ns()
        for _ in range(500):
            await credential.get_token(scope(0))
        rounds.append((time.perf_counter_ns() - began) / 500)
    return statistics.median(rounds)


async def blocked():
    service = Service()
    credential = service.credential()
    await credential.get_token(scope(0))
    service.delay = LONGEST
    other = asyncio.ensure_future(credential.get_token(scope(1)))
    while service.requests < 2:
        await asyncio.sleep(0)

    async def ask():
        began = time.perf_counter()
        await credential.get_token(scope(0))
        return (time.perf_counter() - began) * 1000

    callers = []
    while not other.done():
        callers.append(asyncio.ensure_future(ask()))
        await asyncio.sleep(0.004)
    await other
    took = await asyncio.gather(*callers)
    return statistics.median(took), max(took)


async def measure():
    found = {"name": "Python `azure.identity.aio`", "hit_ns": await hit()}
    service = Service(SHORT)
    found["stampede_ms"] = await at_once(service, [0] * 1000)
    found["stampede_requests"] = service.requests
    for name, keys in (("eight_fetches", 8), ("many_fetches", 64)):
        found[name] = await at_once(Service(LONG), range(keys)) / (LONG * 1000)
    service = Service(SHORT, refuses=True)
    found["failing_ms"] = await at_once(service, [0] * 100, succeeds=False)
    found["failing_requests"] = service.requests
    found["blocked_median_ms"], found["blocked_longest_ms"] = await blocked()
    print(json.dumps(found))


def main():
    # It logs every refusal at length.
    logging.disable()
    asyncio.run({"measure": measure, "start": start}[sys.argv[1]]())


if __name__ == "__main__":
    main()
