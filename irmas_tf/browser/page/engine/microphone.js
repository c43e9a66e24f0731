/**
 * The microphone, live. The browser's voice processing, which takes music for noise, is asked off and read back; the
 * context keeps the device's own rate (Firefox refuses others) and our own filter brings it to the model's.
 */

import {makeClip} from './clip.js';
import {clipNotes} from './notes.js';
import {Problem} from './problems.js';
import {Resampler} from './resample.js';
import {WavRecording} from './wav_writing.js';
import {isSilent, WindowCutter} from './windows.js';

const PROCESSING = {echoCancellation: 'echo cancellation', noiseSuppression: 'noise suppression', autoGainControl: 'automatic gain'};
const SMOOTHING_SECONDS = 2;
const START_SECONDS = 5; // Firefox waits for ever where there is no device to play on
const MOST_WAITING = 3; // windows; a machine that is too slow skips, and does not fall behind

/**
 * Start listening. To be called from a click or a key press: some browsers start audio only then.
 * @param {import('./types.js').Model} model
 * @param {{onWindow?: (window: import('./types.js').LiveWindow) => void, onLevel?: (rms: number) => void,
 *     onEnd?: (problem: ?Problem) => void, deviceId?: string}} [options]  onEnd: the device went away, or the model failed
 * @returns {Promise<import('./types.js').Microphone>}
 * @throws {Problem} no permission, no microphone, or it is in use
 */
export async function openMicrophone(model, {onWindow, onLevel, onEnd, deviceId} = {}) {
  const stream = await askForStream(deviceId);
  const context = new AudioContext(); // of the device's own rate
  try {
    await context.audioWorklet.addModule(new URL('./microphone_worklet.js', import.meta.url));
    await within(START_SECONDS, context.resume()); // suspended until a gesture on iOS
  } catch (error) {
    stopStream(stream);
    context.close().catch(() => {}); // not waited for: it may not have started
    throw new Problem('microphone', `the browser cannot listen (${error.message}); use a newer one, or a file`);
  }
  const [track] = stream.getAudioTracks();
  const settings = readSettings(track, context);
  const warnings = Object.entries(PROCESSING)
    .filter(([key]) => settings[key])
    .map(([, words]) => `the browser keeps ${words} on, which takes music for noise; switch it off in the system's sound settings`);
  const wakeLock = await WakeLock.start();
  if (!wakeLock.isHeld) warnings.push('the screen may switch off while it listens, and the microphone with it');

  const recording = new WavRecording(Math.round(context.sampleRate));
  const listener = new Listener(model, context.sampleRate, onWindow);
  const source = context.createMediaStreamSource(stream);
  const capture = new AudioWorkletNode(context, 'irmas-capture', {numberOfOutputs: 1});
  const mute = new GainNode(context, {gain: 0}); // a graph without a destination may not run
  source.connect(capture).connect(mute).connect(context.destination);

  let closing;
  const close = () => {
    closing ??= (async () => {
      capture.port.onmessage = null;
      source.disconnect();
      stopStream(stream);
      await Promise.all([wakeLock.release(), context.close()]);
    })();
    return closing;
  };
  const fail = (problem) => close().then(() => onEnd?.(problem));
  capture.port.onmessage = ({data}) => {
    recording.push(data);
    onLevel?.(rms(data));
    listener.push(data).catch(fail);
  };
  track.onended = () => fail(new Problem('microphone', 'the microphone was taken away or switched off; what was heard until then is kept'));
  return {
    settings,
    warnings,
    recording,
    stop: async () => {
      await close();
      return listener.finish();
    },
  };
}

/** @returns what a promise gives, or an error where it takes longer. */
function within(seconds, promise) {
  const late = 'its sound does not start; is there a loudspeaker or headphone?';
  return Promise.race([promise, new Promise((_, refuse) => setTimeout(() => refuse(new Error(late)), 1000 * seconds))]);
}

async function askForStream(deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Problem('microphone', 'the browser gives the microphone only to pages from https or from this machine (localhost)');
  }
  // Not {exact: false}: a device that cannot switch it off should still be heard, and the page says so.
  const audio = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
  if (deviceId) audio.deviceId = {exact: deviceId};
  try {
    return await navigator.mediaDevices.getUserMedia({audio, video: false});
  } catch (error) {
    const words = {
      NotAllowedError: 'the microphone is not allowed for this page; allow it beside the address, and try again',
      NotFoundError: 'there is no microphone; connect one, or use a file',
      NotReadableError: 'the microphone is in use by another program; close that, and try again',
      OverconstrainedError: 'this microphone is gone; choose another',
    };
    throw new Problem('microphone', words[error.name] ?? `the microphone cannot be used (${error.message || error.name}); try another, or a file`);
  }
}

function readSettings(track, context) {
  const told = track.getSettings?.() ?? {};
  const settings = Object.fromEntries(Object.keys(PROCESSING).map((key) => [key, typeof told[key] === 'boolean' ? told[key] : null]));
  return {...settings, sampleRate: context.sampleRate, label: track.label};
}

function stopStream(stream) {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

function rms(samples) {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
}

/** Windows of what is heard, and what the model says of them. Memory is a few numbers per window. */
class Listener {
  constructor(model, rate, onWindow) {
    this.model = model;
    this.onWindow = onWindow;
    this.resampler = new Resampler(Math.round(rate), model.facts.sampleRate);
    this.cutter = new WindowCutter(model.facts.windowSamples, model.facts.hopSamples);
    this.heard = {rate, peak: 0, loudestCancelled: 0, problems: []};
    this.rows = []; // {start, probabilities, silent}, in order
    this.waiting = 0;
    this.skipped = 0;
    this.smoothed = null;
    this.sounded = 0; // end of the last window that was not silent, samples
    this.work = Promise.resolve();
  }

  push(samples) {
    for (const sample of samples) this.heard.peak = Math.max(this.heard.peak, Math.abs(sample));
    return this.#take(this.cutter.push(this.resampler.push(samples)));
  }

  async finish() {
    await this.#take(this.cutter.push(this.resampler.flush()));
    await this.#take(this.cutter.flush(), Infinity);
    const {facts} = this.model;
    if (!this.rows.length) throw new Problem('empty', 'nothing was heard');
    const silent = this.rows.map((row) => row.silent);
    const durationSeconds = this.cutter.total / facts.sampleRate;
    if (this.skipped) this.heard.problems.push(`${this.skipped} windows were skipped: this machine is too slow for this model`);
    const notes = clipNotes(this.heard, durationSeconds, silent, facts);
    const [starts, probabilities] = [this.rows.map((row) => row.start / facts.sampleRate), this.rows.map((row) => row.probabilities)];
    return makeClip(facts, {file: 'microphone', durationSeconds, starts, probabilities, silent, notes});
  }

  #take(windows, most = MOST_WAITING) {
    for (const [start, window] of windows) {
      if (this.waiting >= most) {
        this.skipped++;
        continue;
      }
      this.waiting++;
      const silent = isSilent(window, this.model.facts.silenceDbfs);
      const values = this.model.classifyWindow(window);
      values.catch(() => {}); // told through the promise that is returned
      this.work = this.work.then(async () => this.#answer(start, silent, await values));
    }
    return this.work;
  }

  #answer(start, silent, probabilities) {
    this.waiting--;
    const {facts} = this.model;
    const end = start + facts.windowSamples;
    // As irmas_tf.streaming smooths: silence leaves it as it was, unless there was nothing else yet.
    if (this.sounded === 0) this.smoothed = probabilities;
    else if (!silent) {
      const keep = Math.exp(-(end - this.sounded) / (SMOOTHING_SECONDS * facts.sampleRate));
      this.smoothed = this.smoothed.map((value, c) => keep * value + (1 - keep) * probabilities[c]);
    }
    if (!silent) this.sounded = end;
    this.rows.push({start, probabilities, silent});
    this.onWindow?.({startSeconds: start / facts.sampleRate, probabilities, smoothed: [...this.smoothed], silent});
  }
}

/** Keeps the screen on; asked again when the page is seen again, since browsers take it back when it is hidden. */
class WakeLock {
  static async start() {
    const wakeLock = new WakeLock();
    await wakeLock.ask();
    document.addEventListener('visibilitychange', wakeLock.askAgain);
    return wakeLock;
  }

  constructor() {
    this.sentinel = null;
    this.isOver = false;
    this.askAgain = () => document.visibilityState === 'visible' && !this.isOver && this.ask();
  }

  get isHeld() {
    return this.sentinel !== null;
  }

  async ask() {
    try {
      this.sentinel = (await navigator.wakeLock?.request('screen')) ?? null;
    } catch {
      this.sentinel = null; // low battery, or not allowed
    }
  }

  async release() {
    this.isOver = true;
    document.removeEventListener('visibilitychange', this.askAgain);
    await this.sentinel?.release().catch(() => {});
  }
}
