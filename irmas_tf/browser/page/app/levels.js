/** Thresholds that the person moves: the model's own, one for all classes, or each by itself. */

/**
 * @typedef {object} Levels
 * @property {"own"|"single"|"each"} kind
 * @property {number} single        in use if kind is "single"
 * @property {number[]} each        in use if kind is "each"
 */

/** @param {import('../engine/types.js').Facts} facts @returns {Levels} those that a page starts with */
export function startingLevels(facts) {
  return {kind: 'own', single: 0.5, each: facts.thresholds ? [...facts.thresholds] : facts.codes.map(() => 0.5)};
}

/** @returns {?number[]} level per class; null: the most probable class is named, and no other */
export function valuesOf(levels, facts) {
  if (levels.kind === 'single') return facts.codes.map(() => levels.single);
  return levels.kind === 'each' ? levels.each : facts.thresholds;
}

/**
 * Return a clip as it reads with these levels: what lanes, tables and files are made from. The clip itself stays.
 *
 * @param {import('../engine/types.js').Clip} clip
 * @param {Levels} levels
 * @returns {import('../engine/types.js').Clip}
 */
export function withLevels(clip, levels) {
  if (levels.kind === 'own') return clip;
  const thresholds = valuesOf(levels, clip.facts);
  const isSilent = clip.silent.length > 0 && clip.silent.every(Boolean);
  const labels = isSilent ? [] : clip.facts.codes.filter((_, k) => clip.clip.probabilities[k] >= thresholds[k]);
  return {...clip, facts: {...clip.facts, thresholds}, clip: {...clip.clip, labels}};
}

/** @returns {string[]} names of the classes that the clip is named after, the most probable first */
export function namedClasses(clip) {
  const {codes, names} = clip.facts;
  return codes
    .map((code, k) => ({code, name: names[k], p: clip.clip.probabilities[k]}))
    .filter(({code}) => clip.clip.labels.includes(code))
    .sort((a, b) => b.p - a.p)
    .map(({name, p}) => `${name} ${p.toFixed(2)}`);
}

/** @returns {number} the window that speaks for a moment: its centre is nearest (see edgesOf) */
export function windowAt(edges, seconds) {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= seconds) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}
