/** Listening to the microphone: what is heard now, and afterwards a clip like any other. */

import {openMicrophone} from '../engine/microphone.js';
import {meter} from './clip_view.js';
import {byId, clock, element} from './dom.js';
import {valuesOf} from './levels.js';
import {Outline, outlinePoints} from './outline.js';
import {newEntry} from './queue.js';
import {wavOf} from './player.js';
import {alertPerson, explain, isCancelled, say} from './words.js';

const MOST_BARS = 8;

export class Live {
  /**
   * @param {{onEntry: (entry: import('./queue.js').Entry) => void, levels: () => import('./levels.js').Levels}} handlers
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
    try {
      const clip = await microphone.stop();
      if (clip?.startSeconds?.length) this._handlers.onEntry(await entryOf(clip, this._model.facts.sampleRate));
      else say('Nothing was heard.');
    } catch (error) {
      alertPerson(explain(error));
    } finally {
      byId('live').hidden = true;
      byId('live-stop').disabled = false;
      byId('microphone').disabled = false;
      byId('microphone').focus();
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

  /** @param {import('../engine/types.js').LiveWindow} window */
  _onWindow({startSeconds, smoothed, silent}) {
    const {facts} = this._model;
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

/** Return what was heard as an entry of the list; it can be played where the engine has kept the samples. */
async function entryOf(clip, rate) {
  const time = new Date().toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  const name = `Microphone ${time}`;
  const {sound} = clip;
  let [file, outline] = [null, null];
  if (sound?.samples) {
    file = wavOf(sound.samples, rate);
    outline = new Outline(await sound.peaks(outlinePoints(clip.durationSeconds)), clip.durationSeconds);
  }
  return newEntry(name, file, {state: 'done', progress: 1, seconds: clip.durationSeconds, outline, clip: {...clip, file: name, sound: undefined}});
}
