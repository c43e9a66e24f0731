/** Listening to the microphone: what is heard now, a clip that grows meanwhile, and afterwards one like any other. */

import {openMicrophone} from '../engine/microphone.js';
import {meter} from './clip_view.js';
import {byId, clock, element} from './dom.js';
import {valuesOf} from './levels.js';
import {Outline} from './outline.js';
import {newEntry, PartialClip} from './queue.js';
import {alertPerson, explain, isCancelled, say} from './words.js';

const MOST_BARS = 8;

export class Live {
  /**
   * @param {{onStart: (entry: import('./queue.js').Entry) => void, onChange: (entry: import('./queue.js').Entry, values: object) => void,
   *     onNothing: (entry: import('./queue.js').Entry) => void, levels: () => import('./levels.js').Levels}} handlers
   *     onStart: with the entry of what is heard; onNothing: it holds no sound
   */
  constructor(handlers) {
    this._handlers = handlers;
    this._microphone = null;
    this._isOpening = false;
    byId('live-stop').addEventListener('click', () => this.stop());
  }

  get isOn() {
    return this._isOpening || this._microphone !== null;
  }

  /** Ask for the microphone and listen. @param {import('../engine/types.js').Model} model */
  async start(model) {
    if (this.isOn) return;
    this._isOpening = true;
    this._model = model;
    this._heardNames = '';
    byId('microphone').disabled = true;
    say('The browser asks whether this page may hear the microphone …');
    try {
      this._microphone = await openMicrophone(model, {
        onWindow: (window) => this._onWindow(window),
        onEnd: (problem) => this._onEnd(problem),
      });
    } catch (error) {
      byId('microphone').disabled = false;
      say('');
      if (!isCancelled(error)) alertPerson(explain(error));
      return;
    } finally {
      this._isOpening = false;
    }
    const name = `Microphone ${stamp(new Date())}.wav`;
    this._entry = newEntry(name, null, {state: 'listening', isRecording: true});
    this._partial = new PartialClip(model.facts, name, Infinity);
    this._handlers.onStart(this._entry);
    byId('live').hidden = false;
    byId('live-text').textContent = this._settingsText();
    byId('live-bars').replaceChildren();
    byId('live-stop').focus();
    say(`Listening; the first answer comes after ${model.facts.windowSeconds.toFixed(0)} seconds.`);
  }

  async stop() {
    const microphone = this._microphone;
    if (!microphone) return;
    this._microphone = null;
    byId('live-stop').disabled = true;
    const entry = this._entry;
    let answer;
    try {
      const clip = await microphone.stop();
      answer = {state: 'done', progress: 1, clip: {...clip, file: entry.name}};
    } catch (error) {
      answer = {state: 'failed', clip: null, problem: explain(error)}; // the recording is kept, and can be tried again
    }
    const {peaks, seconds} = microphone.recording.outline();
    byId('live').hidden = true;
    byId('live-stop').disabled = false;
    byId('microphone').disabled = false;
    byId('microphone').focus();
    if (seconds) {
      const file = new File([microphone.recording.file()], entry.name, {type: 'audio/wav'});
      this._handlers.onChange(entry, {...answer, file, seconds, outline: new Outline(peaks, seconds)});
    } else {
      this._handlers.onNothing(entry);
      say('Nothing was heard.');
    }
  }

  /** The device went away, or the model failed: what was heard until then is an answer. */
  _onEnd(problem) {
    if (problem) alertPerson(explain(problem));
    void this.stop();
  }

  _settingsText() {
    const {settings, warnings} = this._microphone;
    const processing = [
      ['echoCancellation', 'echo cancellation'], ['noiseSuppression', 'noise suppression'], ['autoGainControl', 'automatic gain'],
    ].map(([key, name]) => `${name} ${settings[key] === null || settings[key] === undefined ? 'unknown' : settings[key] ? 'on' : 'off'}`);
    return [`${settings.sampleRate} Hz; ${processing.join(', ')}.`, ...(warnings ?? [])].join(' ');
  }

  /** Draw what was heard so far. */
  _grow() {
    const {peaks, seconds} = this._microphone.recording.outline();
    this._handlers.onChange(this._entry, {clip: this._partial.clip(), seconds, outline: new Outline(peaks, seconds)});
  }

  /** @param {import('../engine/types.js').LiveWindow} window */
  _onWindow({startSeconds, probabilities, smoothed, silent}) {
    const {facts} = this._model;
    this._partial.add(startSeconds, probabilities, silent);
    if (this._microphone) this._grow();
    const levels = valuesOf(this._handlers.levels(), facts);
    const order = facts.codes.map((_, k) => k).sort((a, b) => smoothed[b] - smoothed[a]);
    const isNamed = (k) => !silent && (levels ? smoothed[k] >= levels[k] : k === order[0]);
    const bars = order.slice(0, MOST_BARS).map((k) =>
      element('li', isNamed(k) ? {class: 'named'} : {}, element('span', {}, facts.names[k]), meter(silent ? 0 : smoothed[k], levels?.[k])));
    byId('live-bars').replaceChildren(...bars);
    byId('live-title').textContent = `Listening · ${clock(startSeconds + facts.windowSeconds)}`;
    // Screen readers hear changes of the names only, not of every number.
    const names = silent ? 'silence' : order.filter(isNamed).map((k) => facts.names[k]).join(', ') || 'no instrument passes its threshold';
    if (names !== this._heardNames) say(`Now: ${names}`);
    this._heardNames = names;
  }
}

/** A time for names of files, which hold no colons. */
function stamp(date) {
  const two = (number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('-')}`;
}
