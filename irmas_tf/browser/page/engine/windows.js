/** Cutting a sound into the model's windows, and which of them are silent: the rules of irmas_tf.audio. */

/**
 * Windows of a sound that arrives in pieces. They start at 0, hop, 2 hop, ... as long as they fit; samples that remain
 * make one more, aligned to the end; a sound shorter than a window is one window with zeros behind it.
 */
export class WindowCutter {
  /** @param {number} windowSamples @param {number} hopSamples */
  constructor(windowSamples, hopSamples) {
    this.window = windowSamples;
    this.hop = hopSamples;
    this.held = new Float32Array(0); // samples offset .. total
    this.offset = 0;
    this.total = 0;
    this.next = 0; // start of the next window
  }

  /** Take the next samples; yield [start, samples] of the windows that are full now. @param {Float32Array} samples */
  *push(samples) {
    const joined = new Float32Array(this.held.length + samples.length);
    joined.set(this.held);
    joined.set(samples, this.held.length);
    this.held = joined;
    this.total += samples.length;
    while (this.next + this.window <= this.total) {
      yield [this.next, this.#at(this.next)];
      this.next += this.hop;
    }
    // What the next window needs, and the one that is aligned to the end.
    const keep = Math.max(this.offset, Math.min(this.next, this.total - this.window));
    this.held = this.held.slice(keep - this.offset);
    this.offset = keep;
  }

  /** The sound is over: yield what is left, if anything is. */
  *flush() {
    if (this.total > 0 && this.total < this.window) {
      const window = new Float32Array(this.window);
      window.set(this.held);
      yield [0, window];
    } else if (this.total && this.next - this.hop + this.window < this.total) {
      yield [this.total - this.window, this.#at(this.total - this.window)];
    }
  }

  #at(start) {
    return this.held.slice(start - this.offset, start - this.offset + this.window);
  }
}

/** Number of windows of a sound of so many samples. */
export function windowCount(samples, windowSamples, hopSamples) {
  if (samples <= windowSamples) return 1;
  const whole = Math.floor((samples - windowSamples) / hopSamples) + 1;
  return whole + ((whole - 1) * hopSamples + windowSamples < samples ? 1 : 0);
}

/** RMS of samples about their mean. @param {Float32Array} samples @returns {number} */
export function levelOf(samples) {
  let sum = 0;
  for (let k = 0; k < samples.length; k++) sum += samples[k];
  const mean = sum / samples.length;
  let energy = 0;
  for (let k = 0; k < samples.length; k++) energy += (samples[k] - mean) ** 2;
  return Math.sqrt(energy / samples.length);
}

/** A level in dB relative to full scale, as a factor of it. */
export function amplitude(dbfs) {
  return 10 ** (dbfs / 20);
}

/** Whether a window is silent. @param {Float32Array} window @param {number} dbfs */
export function isSilent(window, dbfs) {
  return levelOf(window) < amplitude(dbfs);
}
