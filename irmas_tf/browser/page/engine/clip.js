/** The answer for a sound: means, names and stretches of activity, by the rules of irmas_tf.inference. */

import {isSilentClip} from './notes.js';

/**
 * @param {import('./types.js').Facts} facts
 * @param {{file: string, durationSeconds: number, starts: number[], probabilities: number[][], silent: boolean[], notes: import('./types.js').Note[]}} heard
 * @returns {import('./types.js').Clip}
 */
export function makeClip(facts, {file, durationSeconds, starts, probabilities, silent, notes}) {
  const mean = countedMean(probabilities, silent, facts.codes.length);
  return {
    facts,
    file,
    durationSeconds,
    startSeconds: starts,
    endSeconds: starts.map((start) => Math.min(start + facts.windowSeconds, durationSeconds)),
    probabilities,
    silent,
    notes,
    clip: {labels: isSilentClip(notes) ? [] : namedCodes(mean, facts.thresholds, facts.codes), probabilities: mean, notes},
  };
}

/** Mean over the windows that are not silent, or over all if all are. */
function countedMean(probabilities, silent, classes) {
  const all = silent.every(Boolean);
  const counted = probabilities.filter((_, k) => all || !silent[k]);
  return Array.from({length: classes}, (_, c) => counted.reduce((sum, row) => sum + row[c], 0) / counted.length);
}

/** Codes of the classes from their levels on; without levels that of the most probable one. */
export function namedCodes(probabilities, thresholds, codes) {
  if (thresholds === null) return [codes[largest(probabilities)]];
  return codes.filter((_, c) => probabilities[c] >= thresholds[c]);
}

function largest(values) {
  return values.reduce((best, value, k) => (value > values[best] ? k : best), 0);
}

/**
 * Where each class is active, [windows][classes]; in silence none is.
 * @param {import('./types.js').Clip} clip
 * @param {?number[]} thresholds  level per class; null: the most probable class is, and no other
 */
export function activeOf(clip, thresholds = clip.facts.thresholds) {
  return clip.probabilities.map((row, k) => {
    const best = largest(row);
    return row.map((value, c) => !clip.silent[k] && (thresholds === null ? c === best : value >= thresholds[c]));
  });
}

/**
 * Times [windows + 1] between which each window speaks for the clip: a moment belongs to the window whose centre is nearest.
 * @param {import('./types.js').Clip} clip
 */
export function edgesOf(clip) {
  const centers = clip.startSeconds.map((start) => start + clip.facts.windowSeconds / 2);
  const between = centers.slice(1).map((center, k) => Math.min((center + centers[k]) / 2, clip.durationSeconds));
  return [0, ...between, clip.durationSeconds];
}

/**
 * The stretches of time in which a class is active without a break, by start, then by class.
 * @param {import('./types.js').Clip} clip
 * @param {?number[]} [thresholds]
 * @returns {{startSeconds: number, endSeconds: number, classIndex: number}[]}
 */
export function segmentsOf(clip, thresholds = clip.facts.thresholds) {
  const active = activeOf(clip, thresholds);
  const edges = edgesOf(clip);
  const pieces = [];
  for (let c = 0; c < clip.facts.codes.length; c++) {
    for (let k = 0; k < active.length; k++) {
      if (!active[k][c]) continue;
      const first = k;
      while (k < active.length && active[k][c]) k++;
      if (edges[k] > edges[first]) pieces.push({startSeconds: edges[first], endSeconds: edges[k], classIndex: c});
    }
  }
  return pieces.sort((a, b) => a.startSeconds - b.startSeconds || a.classIndex - b.classIndex);
}
