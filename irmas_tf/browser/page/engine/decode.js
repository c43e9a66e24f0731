/**
 * Any file that the browser can decode, as mono samples at the model's rate with the numbers of `irmas predict`.
 *
 * WAV files are read here, piece by piece, whatever their length. All else is decoded by the browser at the file's own
 * rate, if its first bytes tell it, so that nothing of the browser's resamples; our own filter does. Where the rate is
 * not told, the browser decodes to the model's rate (docs/browser.md has what that costs).
 */

import {Problem, throwIfAborted} from './problems.js';
import {outputLength} from './resample.js';
import {storedRate} from './sniff.js';
import {readWavHeader} from './wav.js';

const WHOLE_SECONDS = 600; // WAV files up to this length are kept as samples
const BLOCK_SECONDS = 20;
const [LEAST_RATE, MOST_RATE] = [8000, 192000];
/** Most memory that a file which the browser decodes may need, bytes: 70 minutes of stereo at 44.1 kHz; less on small devices. */
const MOST_DECODED_BYTES = 1.5e9;
const SMALL_DEVICE_GIB = 4;
const METADATA_MILLISECONDS = 4000;

/**
 * @param {File|Blob} file
 * @param {number} rate  of the model, Hz
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<import('./types.js').Sound>}
 * @throws {Problem} it cannot be read, decoded, or is too long; the message has the remedy
 */
export async function decodeFile(file, rate, {signal} = {}) {
  const name = file.name ?? 'the sound';
  if (!file.size) throw new Problem('empty', `${name} is empty`);
  let header;
  try {
    header = await readWavHeader(file);
  } catch {
    throw new Problem('damaged', `${name} cannot be read; was it moved or changed after it was chosen? Choose it again`);
  }
  throwIfAborted(signal);
  if (header && header.rate >= LEAST_RATE && header.rate <= MOST_RATE) return wavSound(file, name, header, rate, signal);
  return decodedSound(file, name, rate, signal);
}

async function wavSound(file, name, header, rate, signal) {
  if (!header.frames) throw new Problem('empty', `${name} holds no audio`);
  const problems = [];
  if (header.promised !== null && header.promised > header.frames) {
    problems.push(cutWords(header.frames / header.rate, header.promised / header.rate));
  }
  const heard = {rate: header.rate, peak: 0, loudestCancelled: 0, problems};
  const samples = outputLength(header.frames, header.rate, rate);
  const source = async function* (blockSignal) {
    const reader = new Reader();
    try {
      reader.send({type: 'wav', file, header, rate});
      let coming = reader.ask({type: 'next'});
      for (;;) {
        const block = await coming;
        throwIfAborted(blockSignal);
        // The next piece is read while this one is used.
        if (!block.isLast) coming = reader.ask({type: 'next'});
        Object.assign(heard, {...block.heard, problems});
        if (block.samples.length) yield block.samples;
        if (block.isLast) return;
      }
    } finally {
      reader.close();
    }
  };
  const sound = {name, rate, fileRate: header.rate, channels: header.channels, method: 'wav', heard, durationSeconds: samples / rate};
  if (header.frames / header.rate > WHOLE_SECONDS) return withPeaks({...sound, samples: null, blocks: source});
  const whole = new Float32Array(samples);
  let at = 0;
  for await (const block of source(signal)) {
    whole.set(block, at);
    at += block.length;
  }
  return withPeaks({...sound, samples: whole, blocks: () => pieces(whole, rate)});
}

async function decodedSound(file, name, rate, signal) {
  const seconds = await mediaSeconds(file);
  throwIfAborted(signal);
  const most = (navigator.deviceMemory ?? 8) <= SMALL_DEVICE_GIB ? MOST_DECODED_BYTES / 3 : MOST_DECODED_BYTES;
  if (seconds * 2 * 4 * 44100 > most) {
    const limit = Math.floor(most / (2 * 4 * 44100 * 60));
    throw new Problem(
      'too_long',
      `${name} is ${Math.round(seconds / 60)} minutes long, and the browser would have to hold all of it in memory: the limit here is ${limit} minutes. Convert it to WAV, which is read piece by piece at any length, or cut it`,
    );
  }
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new Problem('damaged', `${name} cannot be read; was it moved or changed after it was chosen? Choose it again`);
  }
  throwIfAborted(signal);
  const told = storedRate(new Uint8Array(bytes));
  const fileRate = told >= LEAST_RATE && told <= MOST_RATE ? told : 0;
  const decoded = await decodeAt(bytes, name, fileRate, rate);
  bytes = null;
  throwIfAborted(signal);
  if (!decoded.length) throw new Problem('empty', `${name} holds no audio`);
  const isOwn = decoded.sampleRate === fileRate;
  const {samples, heard} = await mix(decoded, rate, signal);
  // What the browser resampled has lost its rate.
  if (!isOwn) heard.rate = told;
  const sound = {name, rate, fileRate: told, channels: decoded.numberOfChannels, heard, durationSeconds: samples.length / rate};
  return withPeaks({...sound, method: isOwn ? 'own_resampler' : 'browser_resampler', samples, blocks: () => pieces(samples, rate)});
}

/** Decode at the file's own rate where that is known and the browser has it, else at the model's. */
async function decodeAt(bytes, name, fileRate, rate) {
  if (typeof OfflineAudioContext !== 'function') throw new Problem('codec', 'this browser cannot decode sound; use a newer one');
  let context;
  try {
    context = new OfflineAudioContext(1, 1, fileRate || rate);
  } catch {
    context = new OfflineAudioContext(1, 1, rate);
  }
  try {
    return await context.decodeAudioData(bytes);
  } catch {
    throw new Problem('codec', `${name} is no sound that this browser can decode; convert it to WAV or MP3, or try another browser`);
  }
}

/** Mono at the model's rate of all channels, in pieces, so that the page's thread copies and does not compute. */
async function mix(decoded, rate, signal) {
  const reader = new Reader();
  try {
    const step = BLOCK_SECONDS * decoded.sampleRate;
    const samples = new Float32Array(outputLength(decoded.length, decoded.sampleRate, rate));
    reader.send({type: 'mix', fileRate: decoded.sampleRate, rate});
    let at = 0;
    let heard;
    const take = (block) => {
      samples.set(block.samples, at);
      at += block.samples.length;
      ({heard} = block);
    };
    for (let first = 0; first < decoded.length; first += step) {
      const count = Math.min(step, decoded.length - first);
      const planes = Array.from({length: decoded.numberOfChannels}, (_, channel) => {
        const plane = new Float32Array(count);
        decoded.copyFromChannel(plane, channel, first);
        return plane;
      });
      take(await reader.ask({type: 'planes', planes}, planes.map(({buffer}) => buffer)));
      throwIfAborted(signal);
    }
    take(await reader.ask({type: 'end'}));
    return {samples, heard};
  } finally {
    reader.close();
  }
}

/** A worker that answers in the order in which it is asked. */
class Reader {
  constructor() {
    this.worker = new Worker(new URL('./reader_worker.js', import.meta.url), {type: 'module'});
    this.waiting = [];
    this.worker.onmessage = ({data}) => {
      const {resolve, reject} = this.waiting.shift();
      if (data.problem === undefined) resolve(data);
      else if (data.code === 'samples') reject(new Problem(data.code, data.problem));
      else reject(new Problem('damaged', `the sound cannot be read (${data.problem}); choose it again`));
    };
    this.worker.onerror = (event) => {
      const failed = new Problem('damaged', `the page's reader of sound does not start (${event.message ?? 'a file of the page is missing'})`);
      for (const {reject} of this.waiting.splice(0)) reject(failed);
    };
  }

  send(message) {
    this.worker.postMessage(message);
  }

  ask(message, transfer = []) {
    const answer = new Promise((resolve, reject) => this.waiting.push({resolve, reject}));
    answer.catch(() => {}); // of an answer that nobody waits for any more
    this.worker.postMessage(message, transfer);
    return answer;
  }

  close() {
    this.worker.terminate();
  }
}

async function* pieces(samples, rate) {
  const step = BLOCK_SECONDS * rate;
  for (let first = 0; first < samples.length; first += step) yield samples.subarray(first, first + step);
}

function withPeaks(sound) {
  const peaks = async (points, {signal} = {}) => {
    const outline = new Float32Array(points);
    const total = Math.max(1, Math.round(sound.durationSeconds * sound.rate));
    let at = 0;
    for await (const block of sound.blocks(signal)) {
      throwIfAborted(signal);
      for (let k = 0; k < block.length; k++, at++) {
        const size = Math.abs(block[k]);
        const point = Math.min(points - 1, Math.floor((at * points) / total));
        if (size > outline[point]) outline[point] = size;
      }
    }
    return outline;
  };
  return {...sound, peaks};
}

/** Length in seconds as the browser's player tells it, 0 if it does not. */
function mediaSeconds(file) {
  if (typeof Audio !== 'function') return Promise.resolve(0);
  return new Promise((resolve) => {
    const url = URL.createObjectURL(file);
    const audio = new Audio();
    const done = () => {
      clearTimeout(timer);
      const {duration} = audio;
      audio.removeAttribute('src');
      URL.revokeObjectURL(url);
      resolve(Number.isFinite(duration) ? duration : 0);
    };
    const timer = setTimeout(done, METADATA_MILLISECONDS);
    audio.preload = 'metadata';
    audio.onloadedmetadata = done;
    audio.onerror = done;
    audio.src = url;
  });
}

function cutWords(present, promised) {
  return `${present.toFixed(3)} s of the ${promised.toFixed(3)} s that it announces can be decoded; what is there is used`;
}
