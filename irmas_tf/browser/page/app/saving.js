/** Files for the person: of one clip over time, and the answers of all clips. */

import {activityCsv, activityJson, audacityLabels, columnOf, csvText, ENDINGS} from '../engine/formats.js';
import {pictureOf, sceneOf} from './painting.js';

const WRITERS = {csv: [activityCsv, 'text/csv'], json: [activityJson, 'application/json'], audacity: [audacityLabels, 'text/plain']};
const SCHEMA = 1; // of `irmas predict --format=csv`
const MOST_LANES = 60;

/**
 * Return the file of a clip in a format: the same as `irmas predict --activity` writes.
 *
 * @param {import('../engine/types.js').Clip} clip  with the levels in use
 * @param {?import('./outline.js').Outline} outline
 * @param {"csv"|"json"|"audacity"|"png"} format
 * @returns {Promise<{name: string, blob: Blob}>}
 */
export async function fileOf(clip, outline, format) {
  const name = stemOf(clip.file) + ENDINGS[format];
  if (format === 'png') return {name, blob: await pictureOf(sceneOf(clip, outline, MOST_LANES), clip.file)};
  const [write, type] = WRITERS[format];
  return {name, blob: new Blob([write(clip)], {type})};
}

/** Return a row per clip, the same as `irmas predict --format=csv` writes. @param {import('../engine/types.js').Clip[]} clips */
export function answersCsv(clips) {
  const {codes, names} = clips[0].facts;
  const separator = codes.some((code) => code.includes(' ')) ? ';' : ' ';
  const rows = clips.map(({file, durationSeconds, clip, notes}) => [
    file, durationSeconds.toFixed(3), clip.labels.join(separator), ...clip.probabilities.map((p) => p.toFixed(6)),
    notes.map(({code, text}) => `${code}: ${text}`).join(' | '), String(SCHEMA),
    clip.labels.map((code) => names[codes.indexOf(code)]).join(';'),
  ]);
  return csvText([['file', 'duration_seconds', 'labels', ...codes.map(columnOf), 'notes', 'schema', 'label_names'], ...rows]);
}

/** Return a file's name without its ending and without what a file system may refuse. */
function stemOf(name) {
  const kept = name.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N} ._\-+()[\]&,]/gu, '_').replace(/^[ .]+|[ .]+$/g, '');
  return kept.slice(0, 100) || 'clip';
}
