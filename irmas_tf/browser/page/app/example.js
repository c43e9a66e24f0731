/**
 * The built-in example: a little piece for guitar, organ and flute, computed here, so that nobody's recording is needed.
 * Plucked strings after Karplus and Strong, with the tuning of Jaffe and Smith (Computer Music Journal 7(2), 1983);
 * a room of comb filters after Schroeder (Journal of the AES 10(3), 1962); organ and flute are sums of harmonics.
 */

export const EXAMPLE_RATE = 44100; // Hz
const RATE = EXAMPLE_RATE;
const SECONDS = 20;
const CHORDS = [[45, 52, 57, 60, 64], [41, 48, 53, 57, 60, 65], [43, 50, 55, 59, 62, 67], [45, 52, 57, 60, 64, 69]];
const STRUM = 0.375; // s between two strokes
// Frequency as a multiple of the note's, and amplitude: pipes of several ranks, two of them a little apart.
const ORGAN = [[1, 1], [2, 0.8], [3, 0.5], [4, 0.6], [5, 0.2], [6, 0.3], [8, 0.4], [12, 0.2], [16, 0.15], [0.997, 0.6], [1.996, 0.5]];
const FLUTE = [[1, 1], [2, 0.35], [3, 0.12], [4, 0.04], [5, 0.02]];
const MELODY = [76, 77, 79, 81, 79, 77, 76, 72, 74, 76, 77, 76];

/** @returns {Float32Array} 20 s at `EXAMPLE_RATE`, mono, full scale 1.0; the same at every call */
export function exampleSamples() {
  const noise = noiseOf(19830601);
  const [guitar, organ, flute] = [0, 1, 2].map(() => new Float32Array(SECONDS * RATE));
  for (let stroke = 0; stroke * STRUM < 5.8; stroke++) { // 0 to 6 s
    const chord = CHORDS[Math.floor((stroke * STRUM) / 1.5) % CHORDS.length];
    const isUp = stroke % 2 === 1; // upwards: the high strings first, softer
    (isUp ? [...chord].reverse().slice(0, 4) : chord).forEach((note, k) => {
      pluck(guitar, stroke * STRUM + k * 0.012, 1.4, note, isUp ? 0.6 : 1, noise);
    });
  }
  CHORDS.forEach((chord, k) => { // 7 to 13 s
    for (const note of [chord[0], ...chord.slice(2, 5)]) tone(organ, 7 + 1.5 * k, 1.5, note, ORGAN, {attack: 0.06, release: 0.05});
  });
  MELODY.forEach((note, k) => { // 14 to 20 s
    tone(flute, 14 + 0.48 * k, 0.5, note, FLUTE, {attack: 0.06, release: 0.08, vibrato: 0.006, breath: 0.3}, noise);
  });
  const parts = [inRoom(withBody(guitar), 0.1), inRoom(organ, 0.8), inRoom(flute, 0.1)].map((part) => [part, 0.7 / peakOf(part)]);
  return parts[0][0].map((_, n) => parts.reduce((sum, [part, gain]) => sum + gain * part[n], 0));
}

function hertz(note) {
  return 440 * 2 ** ((note - 69) / 12);
}

function peakOf(samples) {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

function tone(samples, start, seconds, note, partials, {attack, release, vibrato = 0, breath = 0}, noise = () => 0) {
  const first = Math.round(start * RATE);
  const count = Math.min(Math.round(seconds * RATE), samples.length - first);
  const step = (2 * Math.PI * hertz(note)) / RATE;
  const audible = partials.filter(([ratio]) => hertz(note) * ratio < 0.45 * RATE);
  const [ratios, amplitudes] = [0, 1].map((k) => Float64Array.from(audible, (partial) => partial[k]));
  let phase = 0;
  let air = 0;
  for (let n = 0; n < count; n++) {
    const t = n / RATE;
    phase += step * (1 + vibrato * Math.min(1, t / 0.3) * Math.sin(2 * Math.PI * 5.3 * t));
    let sum = 0;
    for (let k = 0; k < ratios.length; k++) sum += amplitudes[k] * Math.sin(ratios[k] * phase);
    air = 0.7 * air + 0.3 * noise();
    samples[first + n] += Math.min(1, t / attack, (count / RATE - t) / release) * (sum + breath * air);
  }
}

function pluck(samples, start, seconds, note, amplitude, noise) {
  const first = Math.round(start * RATE);
  const count = Math.min(Math.round(seconds * RATE), samples.length - first);
  const period = RATE / hertz(note) - 0.5;
  const length = Math.floor(period) + 1;
  const tuning = (1 - (period % 1)) / (1 + (period % 1)); // of an allpass filter: the part of a sample
  let burst = 0;
  const finger = Float64Array.from({length}, () => (burst = 0.8 * noise() + 0.2 * burst));
  const place = Math.max(1, Math.round(0.25 * length)); // where the string is plucked
  const string = finger.map((value, k) => value - finger[(k - place + length) % length]);
  let [last, before, tuned, at] = [0, 0, 0, 0];
  for (let n = 0; n < count; n++) {
    const now = string[at];
    const damped = 0.4993 * (now + last);
    tuned = tuning * damped + before - tuning * tuned;
    last = now;
    before = damped;
    string[at] = tuned;
    at = (at + 1) % length;
    samples[first + n] += amplitude * now * Math.min(1, (count - n) / (0.05 * RATE));
  }
}

/** Add the resonances of a guitar's air and top. */
function withBody(samples) {
  const out = Float32Array.from(samples);
  for (const [frequency, quality, gain] of [[103, 12, 2.4], [205, 12, 2], [390, 10, 1.2]]) {
    const w = (2 * Math.PI * frequency) / RATE;
    const width = Math.sin(w) / (2 * quality);
    let [x1, x2, y1, y2] = [0, 0, 0, 0];
    for (let n = 0; n < samples.length; n++) {
      const y = (width * (samples[n] - x2) + 2 * Math.cos(w) * y1 - (1 - width) * y2) / (1 + width);
      x2 = x1;
      x1 = samples[n];
      y2 = y1;
      y1 = y;
      out[n] += gain * y;
    }
  }
  return out;
}

/** Add the echoes of a room. */
function inRoom(samples, wet) {
  const out = Float32Array.from(samples);
  for (const [delay, gain] of [[1557, 0.84], [1617, 0.83], [1491, 0.82], [1422, 0.81], [1277, 0.8], [1356, 0.79]]) {
    const line = new Float32Array(delay);
    let soft = 0;
    for (let n = 0; n < samples.length; n++) {
      const echo = line[n % delay];
      soft = 0.7 * echo + 0.3 * soft;
      line[n % delay] = samples[n] + gain * soft;
      out[n] += (wet * echo) / 3;
    }
  }
  return out;
}

/** A linear congruential generator (Numerical Recipes), -1 to 1: the same noise everywhere. */
function noiseOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
