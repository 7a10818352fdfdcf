// A sum of about a second for each sign-up, done while the reader types: bots have to do it, too.
// What is asked for is said in services/proving.py. The form works without, only less often.

const STALE_MS = 9 * 60_000;
const PATIENCE_MS = 5000;
const TURN_MS = 8;

const pause = (ms) => new Promise((then) => setTimeout(then, ms));

// SHA-256 (FIPS 180-4) here, as the browser's own is slow for short texts and not there without TLS.
const primes = [];
const words = new Int32Array(64);
const turn = (word, by) => (word >>> by) | (word << (32 - by));
let start;
let constants;

function prepare() {
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const fractions = (root) => Int32Array.from(primes, (prime) => (prime ** root * 2 ** 32) | 0);
  start = fractions(1 / 2);
  constants = fractions(1 / 3);
}

// The first word of the hash of up to 55 letters of ASCII.
function hash(text) {
  words.fill(0);
  for (let n = 0; n <= text.length; n++) {
    const byte = n < text.length ? text.charCodeAt(n) : 128;
    words[n >> 2] |= byte << (24 - 8 * (n & 3));
  }
  words[15] = text.length * 8;
  let [a, b, c, d, e, f, g, h] = start;
  for (let n = 0; n < 64; n++) {
    if (n > 15) {
      const [x, y] = [words[n - 15], words[n - 2]];
      const before = words[n - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3));
      words[n] = before + words[n - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g));
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    const sum = one + constants[n] + words[n];
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + sum) | 0, c, b, a, (sum + two) | 0];
  }
  return (a + start[0]) | 0;
}

// In turns, so that the page is always there for the reader.
async function solve(address) {
  const { challenge, bits } = await (await fetch(address)).json();
  const signature = challenge.split(".").pop();
  if (!start) prepare();
  let until = 0;
  for (let answer = 0; ; answer++) {
    if (!(answer % 128) && performance.now() > until) {
      await pause(0);
      until = performance.now() + TURN_MS;
    }
    if (Math.clz32(hash(signature + answer)) >= bits) return { challenge, answer };
  }
}

function attach(form) {
  let proof;
  let sum;
  let begunAt = 0;
  let isWaiting = false;

  function forget() {
    proof = undefined;
    begunAt = 0;
  }

  function begin() {
    if (Date.now() - begunAt < STALE_MS) return;
    forget();
    begunAt = Date.now();
    sum = solve(form.dataset.challenge).then((found) => (proof = found), forget);
  }

  // Who is faster than the sum waits for it a little.
  async function submit(event) {
    begin();
    if (proof) return;
    event.preventDefault();
    if (isWaiting) return;
    isWaiting = true;
    await Promise.race([sum, pause(PATIENCE_MS)]);
    isWaiting = false;
    form.submit();
  }

  form.addEventListener("focusin", ({ target }) => target.type === "email" && begin());
  form.addEventListener("submit", submit);
  form.addEventListener("formdata", ({ formData }) => {
    Object.entries(proof ?? {}).forEach(([name, value]) => formData.set(name, value));
    forget(); // it counts once, also for who comes back
  });
}

document.querySelectorAll("form[data-challenge]").forEach(attach);
