/** Notes on an answer: what is odd about the sound, in the words and with the codes of irmas_tf.inference.notes. */

import {amplitude} from './windows.js';

const LOUDEST_PEAK = 8;
const LEAST_WINDOWS = 0.1;
const LEAST_BAND = 0.5;
const INTEGERS = [[2 ** 24, 32], [2 ** 17, 24], [2 ** 8, 16]];
export const OF_SILENCE = ['silent', 'silent_in_mono', 'partly_silent'];

/** Level below which the channels are looked at: 20 dB above silence. */
export const QUIET = 10 * amplitude(-85);

/**
 * @typedef {object} Heard  what was met while a sound was read
 * @property {number} rate              stored rate, Hz; 0 if it is not known
 * @property {number} peak              greatest absolute sample of any channel
 * @property {number} loudestCancelled  where the mean of the channels is near silence, level of the loudest channel
 * @property {string[]} problems        what was wrong with the file but did not keep it from being used
 */

/**
 * @param {Heard} heard
 * @param {number} seconds
 * @param {boolean[]} silent
 * @param {import('./types.js').Facts} facts
 * @returns {import('./types.js').Note[]}
 */
export function clipNotes(heard, seconds, silent, facts) {
  return [...silenceNotes(heard, silent, facts.silenceDbfs), ...soundNotes(heard, seconds, facts)];
}

function silenceNotes(heard, silent, dbfs) {
  const count = silent.filter(Boolean).length;
  if (!count) return [];
  if (count < silent.length) {
    const [are, do_] = count === 1 ? ['is', 'does'] : ['are', 'do'];
    return [{code: 'partly_silent', text: `${count} of ${silent.length} windows ${are} silent (below ${dbfs} dBFS) and ${do_} not count`}];
  }
  if (heard.loudestCancelled >= QUIET) {
    const text = `the channels cancel each other: their mean, which the model hears, is silent (below ${dbfs} dBFS), so no class is named; take one channel, or invert one`;
    return [{code: 'silent_in_mono', text}];
  }
  return [{code: 'silent', text: `is silent (below ${dbfs} dBFS), so no class is named`}];
}

function soundNotes(heard, seconds, facts) {
  const notes = [];
  if (heard.peak > LOUDEST_PEAK) {
    const reaches = `samples reach ${grouped(Math.round(heard.peak))} where full scale is 1.0`;
    const integers = INTEGERS.find(([least]) => heard.peak >= least);
    const remedy = integers
      ? `${reaches}, as ${integers[1]}-bit integers stored as floats do: divide by ${2 ** (integers[1] - 1)}`
      : `${reaches}: scale them down`;
    notes.push({code: 'scale', text: remedy});
  }
  if (seconds < LEAST_WINDOWS * facts.windowSeconds) {
    const length = seconds >= 0.001 ? `${Number((1000 * seconds).toPrecision(3))} ms` : 'less than 1 ms';
    notes.push({code: 'short', text: `lasts ${length}, a window of the model ${facts.windowSeconds} s: most of what it hears is padding`});
  }
  if (heard.rate > 0 && heard.rate <= LEAST_BAND * facts.sampleRate) {
    const text = `has a rate of ${grouped(heard.rate)} Hz: it holds nothing above ${grouped(Math.floor(heard.rate / 2))} Hz, and the model hears up to ${grouped(Math.floor(facts.sampleRate / 2))} Hz`;
    notes.push({code: 'narrow_band', text});
  }
  for (const text of new Set(heard.problems)) notes.push({code: 'incomplete', text});
  return notes;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Whether notes say that all of a clip is silent. @param {import('./types.js').Note[]} notes */
export function isSilentClip(notes) {
  return notes.some(({code}) => code === 'silent' || code === 'silent_in_mono');
}
