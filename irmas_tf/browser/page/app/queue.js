/** Files that wait, are analysed and are done: one after the other, as each takes the machine's whole attention. */

import {decodeFile} from '../engine/decode.js';
import {Outline, outlinePoints} from './outline.js';
import {explain, isCancelled} from './words.js';

/**
 * @typedef {object} Entry
 * @property {number} id
 * @property {string} name
 * @property {?Blob} file             to play; null while it is recorded
 * @property {boolean} isRecording    of the microphone
 * @property {"listening"|"waiting"|"reading"|"analysing"|"done"|"failed"|"cancelled"} state
 * @property {number} progress        0 to 1
 * @property {number} seconds         its length; 0 until it is known
 * @property {?Outline} outline
 * @property {?import('../engine/types.js').Clip} clip   the answer; while it is analysed, of what was heard so far
 * @property {string} problem         why it failed
 * @property {?AbortController} controller
 */

let nextId = 1;

/** @returns {Entry} */
export function newEntry(name, file, properties = {}) {
  return {
    id: nextId++, name, file, isRecording: false, state: 'waiting', progress: 0, seconds: 0, outline: null, clip: null, problem: '', controller: null,
    ...properties,
  };
}

/** Events: "change" with detail.entry when anything of an entry changes, "idle" when nothing is left to do. */
export class Queue extends EventTarget {
  constructor() {
    super();
    /** @type {Entry[]} */
    this.entries = [];
    this.model = null;
    this._isRunning = false;
  }

  /** @param {Iterable<File>} files @returns {Entry[]} */
  add(files) {
    const added = [...files].map((file) => newEntry(file.name, file));
    this.entries.push(...added);
    added.forEach((entry) => this._changed(entry));
    void this._run();
    return added;
  }

  /** Add what does not wait: a recording, which is analysed while it is heard. */
  addListening(entry) {
    this.entries.push(entry);
    this._changed(entry);
  }

  /** Change an entry that does not wait. */
  update(entry, values) {
    this._set(entry, values);
  }

  cancel(entry) {
    if (entry.state === 'waiting') this._set(entry, {state: 'cancelled'});
    else entry.controller?.abort();
  }

  cancelAll() {
    // Those that wait first, so that none of them starts meanwhile.
    for (const entry of this.entries) if (entry.state === 'waiting') this._set(entry, {state: 'cancelled'});
    for (const entry of this.entries) entry.controller?.abort();
  }

  /** Once more, after a failure, a cancellation or with another model. */
  retry(entry) {
    this._set(entry, {state: 'waiting', progress: 0, problem: '', clip: null});
    void this._run();
  }

  remove(entry) {
    this.cancel(entry);
    this.entries = this.entries.filter((other) => other !== entry);
    this._changed(entry);
  }

  get busy() {
    return this.entries.filter(({state}) => ['waiting', 'reading', 'analysing'].includes(state)).length;
  }

  async _run() {
    if (this._isRunning || !this.model) return;
    this._isRunning = true;
    for (let entry; (entry = this.entries.find(({state}) => state === 'waiting'));) await this._analyse(entry);
    this._isRunning = false;
    this.dispatchEvent(new Event('idle'));
  }

  async _analyse(entry) {
    const {model} = this;
    const controller = new AbortController();
    const {signal} = controller;
    this._set(entry, {state: 'reading', controller});
    try {
      const sound = await decodeFile(entry.file, model.facts.sampleRate, {signal});
      signal.throwIfAborted();
      const seconds = sound.durationSeconds;
      this._set(entry, {state: 'analysing', seconds});
      // Beside the analysis: of a long file the outline needs a reading of its own.
      const outlined = sound.peaks(outlinePoints(seconds), {signal}).then((peaks) => {
        this._set(entry, {outline: new Outline(peaks, seconds)});
      });
      outlined.catch(() => {}); // awaited below; a rejection before that is not unhandled
      const partial = new PartialClip(model.facts, entry.name, seconds);
      const clip = await model.analyse(sound, {
        signal,
        onWindow: (start, probabilities, silent) => {
          partial.add(start, probabilities, silent);
          if (partial.isDue()) this._set(entry, {clip: partial.clip()});
        },
        onProgress: (part) => {
          if (part - entry.progress >= 0.01 || part === 1) this._set(entry, {progress: part});
        },
      });
      await outlined;
      this._set(entry, {state: 'done', progress: 1, clip});
    } catch (error) {
      if (signal.aborted || isCancelled(error)) this._set(entry, {state: 'cancelled'});
      else this._set(entry, {state: 'failed', problem: explain(error, entry.name)});
    } finally {
      entry.controller = null;
      this._changed(entry);
    }
  }

  _set(entry, values) {
    Object.assign(entry, values);
    this._changed(entry);
  }

  _changed(entry) {
    this.dispatchEvent(new CustomEvent('change', {detail: {entry}}));
  }
}

/** What is known of a clip while it is analysed; handed on four times a second at most, and less often the longer it is. */
export class PartialClip {
  constructor(facts, file, durationSeconds) {
    this._base = {facts, file, durationSeconds, notes: [], clip: {labels: [], probabilities: [], notes: []}};
    this._rows = [];
    this._shown = -Infinity;
  }

  add(start, probabilities, silent) {
    this._rows.push([start, probabilities, silent]);
  }

  isDue() {
    return performance.now() - this._shown > 250 + this._rows.length / 2;
  }

  clip() {
    this._shown = performance.now();
    const end = (start) => Math.min(start + this._base.facts.windowSeconds, this._base.durationSeconds);
    return {
      ...this._base,
      durationSeconds: end(this._rows.at(-1)[0]),
      startSeconds: this._rows.map(([start]) => start),
      endSeconds: this._rows.map(([start]) => end(start)),
      probabilities: this._rows.map(([, probabilities]) => probabilities),
      silent: this._rows.map(([, , silent]) => silent),
    };
  }
}
