/**
 * The built-in example: a little piece for four instruments, computed here, so that nobody's recording is needed.
 * Plucked strings after Karplus and Strong (Computer Music Journal 7(2), 1983); the others are sums of harmonics.
 */

import {wavOf} from './player.js';

const RATE = 44100;
const BEAT = 0.5; // s

/** @returns {File} 21 s, mono, the same at every call */
export function exampleFile() {
  return new File([wavOf(exampleSamples(), RATE)], 'example.wav', {type: 'audio/wav'});
}

/** @returns {Float32Array} at 44.1 kHz, full scale 1.0 */
export function exampleSamples() {
  const samples = new Float32Array(21 * RATE);
  const noise = noiseOf(19830601);
  const arpeggio = [45, 52, 57, 60, 64, 60, 57, 52, 41, 48, 53, 57, 60, 57, 53, 48];
  arpeggio.forEach((note, k) => pluck(samples, (k * BEAT) / 2, 1.6, note, 0.5, noise)); // 0 to 5 s: guitar
  [[57, 60, 64], [53, 57, 60], [55, 59, 62], [57, 60, 64]].forEach((chord, k) => {
    chord.forEach((note) => tone(samples, 5 + k * 1.25, 1.3, note, 0.12, ORGAN, noise)); // 5 to 10 s: organ
  });
  const melody = [76, 77, 79, 81, 79, 77, 76, 72, 74, 76];
  melody.forEach((note, k) => tone(samples, 10.2 + k * BEAT, BEAT * 1.05, note, 0.3, FLUTE, noise)); // 10 to 15 s: flute
  const low = [45, 48, 43, 45];
  low.forEach((note, k) => tone(samples, 15.6 + k * 1.3, 1.4, note, 0.3, CELLO, noise)); // 15.6 to 21 s: cello
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return samples.map((sample) => (0.7 * sample) / peak);
}

// partials: amplitude of the harmonics, from the first; attack and release in s; vibrato as a part of the frequency.
const ORGAN = {partials: [1, 0.8, 0.6, 0.5, 0, 0.3, 0, 0.35], attack: 0.01, release: 0.04, vibrato: 0, breath: 0};
const FLUTE = {partials: [1, 0.35, 0.12, 0.04, 0.02], attack: 0.06, release: 0.08, vibrato: 0.006, breath: 0.03};
const CELLO = {partials: Array.from({length: 24}, (_, k) => (1 / (k + 1)) * (k % 5 === 4 ? 0.4 : 1)), attack: 0.12, release: 0.15, vibrato: 0.007, breath: 0.006};

function hertz(note) {
  return 440 * 2 ** ((note - 69) / 12);
}

function tone(samples, start, seconds, note, amplitude, voice, noise) {
  const first = Math.round(start * RATE);
  const count = Math.min(Math.round(seconds * RATE), samples.length - first);
  let phase = 0;
  let breath = 0;
  for (let n = 0; n < count; n++) {
    const t = n / RATE;
    const depth = voice.vibrato * Math.min(1, t / 0.3);
    phase += (2 * Math.PI * hertz(note) * (1 + depth * Math.sin(2 * Math.PI * 5.3 * t))) / RATE;
    let sum = 0;
    for (let k = 0; k < voice.partials.length; k++) {
      if (hertz(note) * (k + 1) < 0.45 * RATE) sum += voice.partials[k] * Math.sin((k + 1) * phase);
    }
    breath = 0.7 * breath + 0.3 * noise();
    const envelope = Math.min(1, t / voice.attack, (count / RATE - t) / voice.release);
    samples[first + n] += amplitude * envelope * (sum + voice.breath * 10 * breath);
  }
}

function pluck(samples, start, seconds, note, amplitude, noise) {
  const first = Math.round(start * RATE);
  const count = Math.min(Math.round(seconds * RATE), samples.length - first);
  const period = Math.round(RATE / hertz(note));
  const string = Float32Array.from({length: period}, noise);
  for (let k = 1; k < period; k++) string[k] = 0.5 * (string[k] + string[k - 1]); // a softer finger
  for (let n = 0; n < count; n++) {
    const at = n % period;
    const now = string[at];
    string[at] = 0.497 * (now + string[(at + 1) % period]);
    samples[first + n] += amplitude * now * Math.min(1, (count - n) / (0.05 * RATE));
  }
}

/** A linear congruential generator (Numerical Recipes), -1 to 1: the same noise everywhere. */
function noiseOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
