/**
 * Sample-rate conversion with a polyphase Kaiser-windowed sinc: the filter of irmas_tf.dsp.resample, tap by tap.
 *
 * Output n is the band-limited signal at time n / target: zero delay, silence outside the input, and
 * ceil(samples * target / source) outputs. Pass-band to 0.9 of half the lower rate, stop-band from half of it on.
 * Browsers' own: a node that plays into a context of another rate may alias completely (docs/browser.md).
 */

const PASS_BAND_EDGE = 0.9;
const USED_TRANSITION = 0.88;
const STOP_BAND_DB = 83;
const MOST_TAPS = 1 << 21; // of all phases; between two of so many, rates without a short ratio interpolate
const PHASES = 2048;

/** Modified Bessel function of the first kind and order zero, by its series. */
function besselI0(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a, b) {
  return b ? greatestCommonDivisor(b, a % b) : a;
}

/** Length of the output, ceil(samples * target / source). */
export function outputLength(samples, source, target) {
  return Math.floor((samples * target + source - 1) / source);
}

const designs = new Map();

/**
 * Return the filters for a pair of integer rates: phase p of `phases` belongs to outputs p / phases of an input sample
 * after an input.
 */
function design(source, target) {
  const key = `${source}:${target}`;
  if (designs.has(key)) return designs.get(key);
  const divisor = greatestCommonDivisor(source, target);
  const [up, down] = [target / divisor, source / divisor];
  const nyquist = (0.5 * Math.min(source, target)) / source; // cycles per input sample
  const transition = (1 - PASS_BAND_EDGE) / USED_TRANSITION;
  const cutoff = (1 - 0.5 * transition) * nyquist;
  const halfWidth = (0.5 * (STOP_BAND_DB - 7.95)) / (2.285 * transition * 2 * Math.PI * nyquist);
  const beta = 0.1102 * (STOP_BAND_DB - 8.7);
  const left = Math.ceil(halfWidth);
  const taps = 4 * Math.ceil((2 * left + 1) / 4); // a multiple of four, for the loop below
  const isExact = up * taps <= MOST_TAPS;
  const phases = isExact ? up : PHASES;
  const filters = new Float32Array((phases + (isExact ? 0 : 1)) * taps);
  const column = new Float64Array(taps);
  const scale = besselI0(beta);
  for (let phase = 0; phase * taps < filters.length; phase++) {
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const time = k - left - phase / phases;
      const inside = 1 - (time / halfWidth) ** 2;
      const angle = 2 * Math.PI * cutoff * time;
      column[k] = inside < 0 ? 0 : 2 * cutoff * (angle ? Math.sin(angle) / angle : 1) * (besselI0(beta * Math.sqrt(inside)) / scale);
      sum += column[k];
    }
    for (let k = 0; k < taps; k++) filters[phase * taps + k] = column[k] / sum;
  }
  const made = {up, down, left, taps, phases, isExact, filters};
  if (designs.size > 8) designs.clear();
  designs.set(key, made);
  return made;
}

/** Resamples a signal that arrives in pieces; their sizes do not change the result. */
export class Resampler {
  /**
   * @param {number} source  rate of the input, Hz, a whole number
   * @param {number} target  rate of the output, Hz, a whole number
   */
  constructor(source, target) {
    this.source = source;
    this.target = target;
    this.isIdentity = source === target;
    if (this.isIdentity) return;
    this.design = design(source, target);
    this.pending = new Float32Array(this.design.left); // silence before the first sample
    this.start = -this.design.left; // input index of pending[0]
    this.received = 0;
    this.made = 0;
  }

  /** Take the next samples; return the outputs that are complete now. @param {Float32Array} samples @returns {Float32Array} */
  push(samples) {
    if (this.isIdentity) return samples;
    this.received += samples.length;
    const joined = new Float32Array(this.pending.length + samples.length);
    joined.set(this.pending);
    joined.set(samples, this.pending.length);
    this.pending = joined;
    const {up, down, left, taps} = this.design;
    // Output n needs inputs up to floor(n * down / up) - left + taps - 1.
    const last = this.start + joined.length - 1 + left - taps + 1;
    const end = last < 0 ? 0 : Math.floor(((last + 1) * up - 1) / down) + 1;
    return this.#make(Math.max(this.made, end));
  }

  /** The signal is over: return the outputs that waited for more of it. @returns {Float32Array} */
  flush() {
    if (this.isIdentity) return new Float32Array(0);
    const end = outputLength(this.received, this.source, this.target);
    const needed = Math.floor((end * this.design.down) / this.design.up) + this.design.taps + 1 - this.start;
    if (needed > this.pending.length) {
      const padded = new Float32Array(needed);
      padded.set(this.pending);
      this.pending = padded;
    }
    return this.#make(end);
  }

  #make(end) {
    const {up, down, left, taps, phases, isExact, filters} = this.design;
    const outputs = new Float32Array(Math.max(0, end - this.made));
    const input = this.pending;
    for (let k = 0; k < outputs.length; k++) {
      const position = (this.made + k) * down;
      const whole = Math.floor(position / up);
      const rest = position - whole * up;
      const at = whole - left - this.start;
      if (isExact) {
        outputs[k] = dot(input, at, filters, rest * taps, taps);
      } else {
        const phase = (rest / up) * phases;
        const lower = Math.floor(phase);
        const a = dot(input, at, filters, lower * taps, taps);
        const b = dot(input, at, filters, (lower + 1) * taps, taps);
        outputs[k] = a + (phase - lower) * (b - a);
      }
    }
    this.made = Math.max(this.made, end);
    const drop = Math.floor((this.made * down) / up) - left - this.start;
    if (drop > 0) {
      this.pending = this.pending.slice(drop);
      this.start += drop;
    }
    return outputs;
  }
}

function dot(input, at, filters, first, taps) {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let k = 0; k < taps; k += 4) {
    a += input[at + k] * filters[first + k];
    b += input[at + k + 1] * filters[first + k + 1];
    c += input[at + k + 2] * filters[first + k + 2];
    d += input[at + k + 3] * filters[first + k + 3];
  }
  return a + b + (c + d);
}

/** Resample a whole signal. @param {Float32Array} samples @param {number} source @param {number} target @returns {Float32Array} */
export function resample(samples, source, target) {
  const resampler = new Resampler(source, target);
  if (resampler.isIdentity) return samples;
  const [start, end] = [resampler.push(samples), resampler.flush()];
  const joined = new Float32Array(start.length + end.length);
  joined.set(start);
  joined.set(end, start.length);
  return joined;
}
