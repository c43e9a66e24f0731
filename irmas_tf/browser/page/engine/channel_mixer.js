/** Channels of a file to mono samples at the model's rate, and what is met on the way. Pieces of any size. */

import {Resampler} from './resample.js';
import {QUIET} from './notes.js';
import {Problem} from './problems.js';
import {levelOf} from './windows.js';

export class ChannelMixer {
  /** @param {number} fileRate @param {number} rate  Hz, whole numbers */
  constructor(fileRate, rate) {
    this.resampler = new Resampler(fileRate, rate);
    this.heard = {rate: fileRate, peak: 0, loudestCancelled: 0, problems: []};
    this.frames = 0;
  }

  /** Take interleaved samples; return mono samples at the model's rate. @param {Float32Array} samples @param {number} channels */
  pushInterleaved(samples, channels) {
    const mono = new Float32Array(samples.length / channels);
    for (let k = 0, at = 0; k < mono.length; k++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += samples[at++];
      mono[k] = sum / channels;
    }
    return this.#push(mono, samples, channels, (channel) => mono.map((_, k) => samples[k * channels + channel]));
  }

  /** The same for one array per channel. @param {Float32Array[]} planes */
  pushPlanes(planes) {
    const mono = new Float32Array(planes[0].length);
    for (const plane of planes) for (let k = 0; k < mono.length; k++) mono[k] += plane[k];
    if (planes.length > 1) for (let k = 0; k < mono.length; k++) mono[k] /= planes.length;
    for (const plane of planes.slice(1)) this.#hear(plane, 1);
    return this.#push(mono, planes[0], planes.length, (channel) => planes[channel]);
  }

  /** The sound is over. */
  flush() {
    return this.resampler.flush();
  }

  // NaN is not left to the model's answer: the runtime's logarithm of NaN is a number like any other.
  #hear(samples, channels) {
    let peak = this.heard.peak;
    for (let k = 0; k < samples.length; k++) {
      const size = Math.abs(samples[k]);
      if (size > peak) peak = size;
      if (!(size < Infinity)) {
        const seconds = (this.frames + Math.floor(k / channels)) / this.heard.rate;
        throw new Problem('samples', `samples hold NaN or infinity, first at ${seconds.toFixed(3)} s; export the sound again from its source`);
      }
    }
    this.heard.peak = peak;
  }

  #push(mono, samples, channels, plane) {
    this.#hear(samples, samples.length / mono.length);
    this.frames += mono.length;
    if (channels > 1 && levelOf(mono) < QUIET) {
      for (let c = 0; c < channels; c++) {
        this.heard.loudestCancelled = Math.max(this.heard.loudestCancelled, levelOf(plane(c)));
      }
    }
    return this.resampler.push(mono);
  }
}
