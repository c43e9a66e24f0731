/**
 * In place of engine.js in tests of the page: answers without a network and at once. Class "low" is heard where a window's
 * pitch (zero crossings) is below 600 Hz, "high" above.
 */

import {makeClip} from './clip.js';
import {clipNotes} from './notes.js';
import {Problem} from './problems.js';
import {isSilent, WindowCutter} from './windows.js';

const RATE = 8000;
const WINDOW = 8000;
const HOP = 4000;
const LONG_NAME = 'A_name_without_any_blank_that_nobody_would_ever_have_written_by_hand_';

export async function loadModel(source) {
  if (source instanceof ArrayBuffer && !new TextDecoder().decode(source).startsWith('stand-in')) {
    throw new Problem('model', 'the model is not a .tflite file; choose one that irmas export-tflite has written');
  }
  // "stand-in" or "stand-in 1000": so many classes.
  const isWide = source instanceof ArrayBuffer;
  const count = isWide && (Number(new TextDecoder().decode(source).split(' ')[1]) || 40);
  const names = isWide ? Array.from({length: count}, (_, k) => (k % 8 === 3 ? LONG_NAME + k : `class ${k}`)) : ['low tone', 'high tone'];
  const codes = isWide ? names.map((_, k) => `c${k}`) : ['low', 'high'];
  const facts = {
    name: 'stand-in', task: 'multi_label', sampleRate: RATE, windowSamples: WINDOW, hopSamples: HOP, windowSeconds: WINDOW / RATE, hopSeconds: HOP / RATE,
    codes, names, thresholds: codes.map((_, k) => (k ? 0.5 : 0.6)), silenceDbfs: -85, licence: 'Weights: nobody’s.', quality: 'LRAP 1.000 on tones',
    raw: {irmas_tf: '0.1.0', run: 'stand-in'},
  };
  return new StandIn(facts);
}

class StandIn {
  constructor(facts) {
    this.facts = facts;
  }

  async classifyWindow(window) {
    if (globalThis.modelFails) throw new Problem('model', 'the model failed (a test); reload the page');
    return probabilitiesOf(window, this.facts.codes.length);
  }

  async analyse(sound, {onWindow, onProgress, signal} = {}) {
    const {facts} = this;
    const cutter = new WindowCutter(WINDOW, HOP);
    const total = Math.max(1, Math.ceil((sound.durationSeconds * RATE) / HOP) - 1);
    const [starts, probabilities, silent] = [[], [], []];
    const add = async ([start, window]) => {
      // A file whose name says so takes its time, so that a test can look and cancel meanwhile.
      if (sound.name.includes('slow')) await new Promise((resolve) => setTimeout(resolve, 100));
      signal?.throwIfAborted();
      starts.push(start / RATE);
      probabilities.push(probabilitiesOf(window, facts.codes.length));
      silent.push(isSilent(window, facts.silenceDbfs));
      onWindow?.(starts.at(-1), probabilities.at(-1), silent.at(-1));
      onProgress?.(Math.min(1, starts.length / total));
    };
    for await (const block of sound.blocks(signal)) for (const window of cutter.push(block)) await add(window);
    for (const window of cutter.flush()) await add(window);
    const durationSeconds = cutter.total / RATE;
    const notes = clipNotes(sound.heard, durationSeconds, silent, facts);
    return makeClip(facts, {file: sound.name, durationSeconds, starts, probabilities, silent, notes});
  }

  close() {}
}

function probabilitiesOf(window, classes) {
  let crossings = 0;
  for (let k = 1; k < window.length; k++) if (window[k - 1] < 0 !== window[k] < 0) crossings++;
  const pitch = (crossings * RATE) / (2 * window.length);
  return Array.from({length: classes}, (_, k) => (k ? 0.05 : 0.1)).map((least, k) => ((k === 0 && pitch < 600) || (k === 1 && pitch >= 600) ? 0.9 : least));
}
