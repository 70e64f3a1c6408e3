// @azure/identity beside the others, over the same fake service by a transport of its own. `measure` prints one JSON document.

import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const require = createRequire(`${process.env.BENCH_NODE_MODULES}/`);
const { ClientSecretCredential } = require("@azure/identity");
const { createHttpHeaders } = require("@azure/core-rest-pipeline");

const TOKEN = "x".repeat(1500);
const [SHORT, LONG, LONGEST] = [50, 200, 500];
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const scope = (key) => `https://resource-${key}.azure.example/.default`;
const range = (count) => Array.from({ length: count }, (_, n) => n);

class Service {
  constructor(delay = 0, refuses = false) {
    Object.assign(this, { delay, refuses, requests: 0 });
  }

  async sendRequest(request) {
    this.requests += 1;
    if (this.delay) await sleep(this.delay);
    const refusal = {
      error: "invalid_client",
      error_description: "AADSTS7000215: Invalid client secret provided.",
      error_codes: [7000215],
    };
    const grant = { token_type: "Bearer", expires_in: 86400, access_token: TOKEN };
    return {
      request,
      status: this.refuses ? 400 : 200,
      headers: createHttpHeaders({ "content-type": "application/json" }),
      bodyAsText: JSON.stringify(this.refuses ? refusal : grant),
    };
  }

  credential() {
    return new ClientSecretCredential(
      "11111111-1111-1111-1111-111111111111",
      "44444444-4444-4444-4444-444444444444",
      "not a secret",
      { httpClient: this, disableInstanceDiscovery: true, retryOptions: { maxRetries: 0 } },
    );
  }
}

async function atOnce(service, keys, succeeds = true) {
  const credential = service.credential();
  const began = performance.now();
  const answers = await Promise.allSettled(keys.map((key) => credential.getToken(scope(key))));
  const took = performance.now() - began;
  const unexpected = answers.find((answer) => (answer.status === "fulfilled") !== succeeds);
  if (unexpected) throw unexpected.reason ?? new Error("an unexpected token");
  return took;
}

const median = (figures) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)];

async function hit() {
  const credential = new Service().credential();
  for (const _ of range(500)) await credential.getToken(scope(0));
  const rounds = [];
  for (const _ of range(9)) {
    const began = performance.now();
    for (const _ of range(500)) await credential.getToken(scope(0));
    rounds.push(((performance.now() - began) * 1e6) / 500);
  }
  return median(rounds);
}

async function blocked() {
  const service = new Service();
  const credential = service.credential();
  await credential.getToken(scope(0));
  service.delay = LONGEST;
  let done = false;
  const other = credential.getToken(scope(1)).then(() => (done = true));
  const ask = async () => {
    const began = performance.now();
    await credential.getToken(scope(0));
    return performance.now() - began;
  };
  const callers = [];
  while (!done) {
    callers.push(ask());
    await sleep(4);
  }
  await other;
  const took = await Promise.all(callers);
  return [median(took), Math.max(...took)];
}

const found = { name: "JavaScript `@azure/identity`", hit_ns: await hit() };
const stampede = new Service(SHORT);
found.stampede_ms = await atOnce(stampede, range(1000).map(() => 0));
found.stampede_requests = stampede.requests;
found.eight_fetches = (await atOnce(new Service(LONG), range(8))) / LONG;
found.many_fetches = (await atOnce(new Service(LONG), range(64))) / LONG;
const failing = new Service(SHORT, true);
found.failing_ms = await atOnce(failing, range(100).map(() => 0), false);
found.failing_requests = failing.requests;
[found.blocked_median_ms, found.blocked_longest_ms] = await blocked();
console.log(JSON.stringify(found));
