/**
 * A model in the page: what it says about itself, and answers for sounds. The work is done in workers.
 *
 *     const model = await loadModel();                       // the page's own, or loadModel('other.tflite')
 *     const sound = await decodeFile(file, model.facts.sampleRate);
 *     const clip = await model.analyse(sound, {onWindow, onProgress, signal});
 */

import {makeClip} from './clip.js';
import {readFacts} from './facts.js';
import {clipNotes} from './notes.js';
import {Problem, throwIfAborted} from './problems.js';
import {isSilent, windowCount, WindowCutter} from './windows.js';

const HERE = new URL('../', import.meta.url);
const IN_FLIGHT = 2; // windows per worker: one computes, one waits
const LEAST_WINDOWS = 40; // from which on a second worker is worth its start
const MOST_WORKERS = 4;

/**
 * Load a model.
 * @param {string|URL|ArrayBuffer} [source]  its address or content; the page's own if none is given
 * @param {{litert?: string|URL, workers?: number}} [options]  folder of LiteRT.js, ending in /; most workers
 * @returns {Promise<import('./types.js').Model>}
 * @throws {Problem} no model of irmas_tf, WebAssembly is missing, or a file of the page is
 */
export async function loadModel(source, {litert = new URL('litert/', HERE), workers} = {}) {
  if (typeof WebAssembly !== 'object' || typeof Worker !== 'function') {
    throw new Problem('webassembly', 'this browser has WebAssembly or workers switched off, without which the model cannot run; allow them for this page, or use another browser');
  }
  const [content, name] = await contentOf(source);
  const facts = await readFacts(content, name);
  const most = workers ?? Math.min(MOST_WORKERS, Math.max(1, navigator.hardwareConcurrency ?? 1));
  const model = new PageModel(facts, content, String(litert), most);
  await model.start();
  return model;
}

/** What the exported page says of itself: {version, model, warnings}. */
export async function pageFacts() {
  return JSON.parse(new TextDecoder().decode(await fetched(new URL('page.json', HERE))));
}

async function contentOf(source) {
  if (source instanceof ArrayBuffer) return [source, 'the model'];
  const address = source ?? new URL((await pageFacts()).model, HERE);
  return [await fetched(address), decodeURIComponent(String(address).split('/').pop())];
}

async function fetched(address) {
  let response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new Problem('files', `${address} cannot be loaded (${error.message}); is the server running, or the page opened from a file? Use irmas serve-page FOLDER`);
  }
  if (!response.ok) throw new Problem('files', `${address} cannot be loaded (${response.status}); export the page again`);
  return response.arrayBuffer();
}

class PageModel {
  #content;
  #folder;
  #most;
  #lanes = [];
  #isGrowing = false;

  constructor(facts, content, folder, most) {
    this.facts = facts;
    this.#content = content;
    this.#folder = folder;
    this.#most = most;
  }

  async start() {
    const lane = await Lane.start(this.#content, this.#folder);
    this.#lanes.push(lane);
    const {windowSamples, codes} = this.facts;
    const {window, classes} = lane.sizes;
    if (window === windowSamples && classes === codes.length) return;
    this.close();
    throw new Problem(
      'model',
      `the model is not what it says of itself (${classes} classes of ${window} samples, in place of ${codes.length} of ${windowSamples}); export it again`,
    );
  }

  async analyse(sound, {onWindow, onProgress, signal} = {}) {
    throwIfAborted(signal);
    const {facts} = this;
    const isPlain = sound instanceof Float32Array;
    const total = isPlain ? sound.length : Math.round(sound.durationSeconds * facts.sampleRate);
    if (!total) throw new Problem('empty', 'the sound holds no samples');
    const windows = windowCount(total, facts.windowSamples, facts.hopSamples);
    if (windows >= LEAST_WINDOWS) this.#grow();
    const heard = isPlain ? {rate: 0, peak: 0, loudestCancelled: 0, problems: []} : sound.heard;
    const cutter = new WindowCutter(facts.windowSamples, facts.hopSamples);
    const [starts, probabilities, silent] = [[], [], []];
    const coming = [];
    const take = async () => {
      const {start, isSilentWindow, values} = coming.shift();
      const row = Array.from(await values);
      throwIfAborted(signal);
      if (!row.every(Number.isFinite)) throw new Problem('damaged', "the model's answer is not a number; samples should be within -1 and 1");
      starts.push(start / facts.sampleRate);
      probabilities.push(row);
      silent.push(isSilentWindow);
      onWindow?.(start / facts.sampleRate, row, isSilentWindow);
      onProgress?.(Math.min(1, starts.length / windows));
    };
    const add = async ([start, window]) => {
      const isSilentWindow = isSilent(window, facts.silenceDbfs);
      const values = this.#lane().run(window);
      values.catch(() => {}); // of windows that nobody waits for after an error
      coming.push({start, isSilentWindow, values});
      while (coming.length >= IN_FLIGHT * this.#lanes.length) await take();
    };
    for await (const block of isPlain ? [sound] : sound.blocks(signal)) {
      throwIfAborted(signal);
      for (const window of cutter.push(block)) await add(window);
    }
    for (const window of cutter.flush()) await add(window);
    while (coming.length) await take();
    const durationSeconds = cutter.total / facts.sampleRate;
    const notes = clipNotes(heard, durationSeconds, silent, facts);
    return makeClip(facts, {file: isPlain ? '' : sound.name, durationSeconds, starts, probabilities, silent, notes});
  }

  async classifyWindow(window) {
    if (window.length !== this.facts.windowSamples) {
      throw new RangeError(`a window of this model has ${this.facts.windowSamples} samples, not ${window.length}`);
    }
    return Array.from(await this.#lane().run(window.slice()));
  }

  close() {
    for (const lane of this.#lanes.splice(0)) lane.close();
  }

  /** The worker with the least to do. */
  #lane() {
    if (!this.#lanes.length) throw new Problem('model', 'the model was closed');
    return this.#lanes.reduce((best, lane) => (lane.waiting.size < best.waiting.size ? lane : best));
  }

  /** Start more workers; each joins when it is ready. A long sound is worth it. */
  async #grow() {
    if (this.#isGrowing) return;
    this.#isGrowing = true;
    while (this.#lanes.length && this.#lanes.length < this.#most) {
      const lane = await Lane.start(this.#content, this.#folder).catch(() => null); // memory may be short: fewer will do
      if (!lane) return;
      if (this.#lanes.length) this.#lanes.push(lane);
      else lane.close();
    }
  }
}

/** One worker with the model in it. */
class Lane {
  static async start(content, folder) {
    const lane = new Lane();
    try {
      lane.sizes = await lane.ask('loaded', {type: 'load', model: content, folder});
    } catch (error) {
      lane.close();
      throw error;
    }
    return lane;
  }

  constructor() {
    this.worker = new Worker(new URL('./worker.js', import.meta.url));
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({data}) => {
      const key = data.type === 'loaded' || data.id === undefined ? 'loaded' : data.id;
      const place = this.waiting.get(key);
      this.waiting.delete(key);
      if (data.type === 'failed') place?.reject(failure(data.text, key === 'loaded'));
      else place?.resolve(data.values);
    };
    this.worker.onerror = (event) => {
      const text = event.message || 'a file of the page is missing';
      for (const {reject} of this.waiting.values()) reject(failure(text, true));
      this.waiting.clear();
    };
  }

  /** @param {Float32Array} window  is given away @returns {Promise<Float32Array>} */
  run(window) {
    const id = this.count++;
    return this.ask(id, {type: 'run', id, window}, [window.buffer]);
  }

  ask(key, message, transfer = []) {
    return new Promise((resolve, reject) => {
      this.waiting.set(key, {resolve, reject});
      this.worker.postMessage(message, transfer);
    });
  }

  close() {
    this.worker.terminate();
    for (const {reject} of this.waiting.values()) reject(new DOMException('the model was closed', 'AbortError'));
    this.waiting.clear();
  }
}

function failure(text, isStart) {
  if (!isStart) return new Problem('model', `the model failed (${text}); reload the page`);
  if (/WebAssembly|wasm-eval|CompileError|unsafe-eval/.test(text)) {
    return new Problem('webassembly', `WebAssembly does not run here (${text}); allow it for this page ('wasm-unsafe-eval' in a Content-Security-Policy), or use another browser`);
  }
  return new Problem('model', `the model does not start (${text}); its file may be damaged: copy or export it again, or reload the page`);
}
