/**
 * Activity over time as files: the same columns, keys and numbers as `irmas predict --activity` writes.
 * Each function takes a clip and levels (a number per class, or null for the most probable class; those of the model).
 */

import {activeOf, segmentsOf} from './clip.js';
import {OF_SILENCE} from './notes.js';

export {activeOf, edgesOf, segmentsOf} from './clip.js';

/** How the name of each format's file ends. */
export const ENDINGS = {csv: '.activity.csv', json: '.activity.json', audacity: '.labels.txt', png: '.activity.png'};

/** Columns that tables have beside those of the classes: irmas_tf/kinds/table_columns.py. */
const FIXED = new Set([
  'file', 'duration_seconds', 'labels', 'notes', 'schema', 'label_names', 'model_sha256', 'start_seconds', 'end_seconds',
  'label', 'name', 'song', 'song_group', 'part', 'answers', 'answer_names', 'label_name', 'predicted', 'predicted_name',
  'aggregation', 'regime', 'level', 'fold', 'chosen_on', 'path', 'group', 'split',
]);

/** What the column of a class is called. @param {string} code */
export const columnOf = (code) => (FIXED.has(code) || code.startsWith('class:') ? `class:${code}` : code);

const rounded = (value) => Number(value.toFixed(6));

/** A row per window: times, active classes, a column of probabilities per class, notes. @param {import('./types.js').Clip} clip */
export function activityCsv(clip, thresholds = clip.facts.thresholds) {
  const active = activeOf(clip, thresholds);
  const {codes} = clip.facts;
  const separator = codes.some((code) => code.includes(' ')) ? ';' : ' ';
  const ofClip = clip.notes.map(({code}) => code).filter((code) => !OF_SILENCE.includes(code));
  const rows = clip.startSeconds.map((start, k) => [
    start.toFixed(6),
    clip.endSeconds[k].toFixed(6),
    codes.filter((_, c) => active[k][c]).join(separator),
    ...clip.probabilities[k].map((value) => value.toFixed(6)),
    [...(clip.silent[k] ? ['silent'] : []), ...ofClip].join(' '),
  ]);
  return csvText([['start_seconds', 'end_seconds', 'labels', ...codes.map(columnOf), 'notes'], ...rows]);
}

/** One object with times, probabilities and silence in columns, the levels, segments and notes. @param {import('./types.js').Clip} clip */
export function activityJson(clip, thresholds = clip.facts.thresholds) {
  const {codes, windowSeconds} = clip.facts;
  const columns = codes.map((code, c) => [code, clip.probabilities.map((row) => rounded(row[c]))]);
  const text = JSON.stringify({
    file: clip.file,
    duration_seconds: rounded(clip.durationSeconds),
    window_seconds: windowSeconds,
    labels: clip.clip.labels,
    thresholds: thresholds === null ? null : Object.fromEntries(codes.map((code, c) => [code, thresholds[c]])),
    start_seconds: clip.startSeconds.map(rounded),
    end_seconds: clip.endSeconds.map(rounded),
    probabilities: Object.fromEntries(columns),
    segments: segmentsOf(clip, thresholds).map(({startSeconds, endSeconds, classIndex}) => ({
      start_seconds: rounded(startSeconds),
      end_seconds: rounded(endSeconds),
      label: codes[classIndex],
    })),
    silent: clip.silent,
    notes: clip.notes,
  });
  return `${text.replace(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** A label track for Audacity (File > Import > Labels): start, end, name. @param {import('./types.js').Clip} clip */
export function audacityLabels(clip, thresholds = clip.facts.thresholds) {
  return segmentsOf(clip, thresholds)
    .map(({startSeconds, endSeconds, classIndex}) => `${startSeconds.toFixed(6)}\t${endSeconds.toFixed(6)}\t${clip.facts.names[classIndex]}\n`)
    .join('');
}

/** Cells that a spreadsheet would run as formulas; of them numbers stay as they are: irmas_tf/process/csv_cells.py. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Return rows as CSV; what a spreadsheet would run has a quotation mark before it. @param {string[][]} rows */
export function csvText(rows) {
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}

function cell(given) {
  const text = FORMULA.test(given) && !NUMBER.test(given) ? `'${given}` : given;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
