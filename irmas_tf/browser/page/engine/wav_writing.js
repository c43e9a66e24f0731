/** Samples as 16-bit WAV files of one channel, which every browser plays: at once, or piece by piece as they are heard. */

const PEAKS_PER_SECOND = 100;
const BLOB_SECONDS = 30;
const MOST_BYTES = 0xffffffff; // that a header can say

/** @param {Float32Array} samples  full scale 1.0 @param {number} rate  Hz @returns {Blob} */
export function wavOf(samples, rate) {
  return new Blob([header(samples.length, rate), integers(samples)], {type: 'audio/wav'});
}

/** What is heard, kept in blobs, which browsers may move to the disk: hours of it take little memory. */
export class WavRecording {
  /** @param {number} rate  Hz, a whole number */
  constructor(rate) {
    this.rate = rate;
    this._blobs = [];
    this._pieces = []; // since the last blob
    this._held = 0; // samples in them
    this._samples = 0;
    this._step = Math.max(1, Math.round(rate / PEAKS_PER_SECOND));
    this._peaks = new Float32Array(1024);
  }

  /** @param {Float32Array} samples */
  push(samples) {
    for (const sample of samples) {
      const point = Math.floor(this._samples++ / this._step);
      if (point === this._peaks.length) this._peaks = grown(this._peaks);
      this._peaks[point] = Math.max(this._peaks[point], Math.abs(sample));
    }
    this._pieces.push(integers(samples));
    this._held += samples.length;
    if (this._held < BLOB_SECONDS * this.rate) return;
    this._blobs.push(new Blob(this._pieces));
    [this._pieces, this._held] = [[], 0];
  }

  /** All that was heard so far, as a WAV file. @returns {Blob} */
  file() {
    return new Blob([header(this._samples, this.rate), ...this._blobs, ...this._pieces], {type: 'audio/wav'});
  }

  /** The greatest absolute sample of each hundredth of a second so far, and how many seconds they span. */
  outline() {
    const points = Math.ceil(this._samples / this._step);
    return {peaks: this._peaks.slice(0, points), seconds: (points * this._step) / this.rate};
  }
}

function grown(array) {
  const larger = new Float32Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** Browsers run on little-endian machines alone, as WAV files have it. */
function integers(samples) {
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(32768 * sample))));
}

function header(count, rate) {
  const data = new DataView(new ArrayBuffer(44));
  const text = (at, letters) => [...letters].forEach((letter, i) => data.setUint8(at + i, letter.charCodeAt(0)));
  text(0, 'RIFF');
  data.setUint32(4, Math.min(MOST_BYTES, 36 + 2 * count), true);
  text(8, 'WAVEfmt ');
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true);
  data.setUint16(22, 1, true);
  data.setUint32(24, rate, true);
  data.setUint32(28, 2 * rate, true);
  data.setUint16(32, 2, true);
  data.setUint16(34, 16, true);
  text(36, 'data');
  data.setUint32(40, Math.min(MOST_BYTES, 2 * count), true);
  return data;
}
