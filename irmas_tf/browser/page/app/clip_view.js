/** Everything that is shown of the chosen clip besides the timeline: its answer, its segments as a table. */

import {byId, clock, element} from './dom.js';
import {namedClasses} from './levels.js';
import {segmentsWithNumbers} from './painting.js';
import {answerText} from './words.js';

const MOST_ROWS = 500; // more would slow the page; the files have all

/**
 * Show name, answer and notes.
 *
 * @param {import('./queue.js').Entry} entry
 * @param {?import('../engine/types.js').Clip} clip  as it reads with the levels in use
 */
export function showHeading(entry, clip) {
  const title = byId('clip-title');
  if (title.textContent !== entry.name) title.textContent = entry.name;
  const texts = {
    listening: 'Is heard …', waiting: 'Waits for its turn.', reading: 'Is read …', cancelled: 'Was cancelled.', failed: entry.problem,
    analysing: `Is analysed: ${Math.round(100 * entry.progress)} %`,
  };
  const isDone = entry.state === 'done' && clip;
  byId('clip-answer').textContent = isDone ? answerText(clip, namedClasses(clip)) : texts[entry.state];
  const notes = isDone ? clip.notes.map((note) => note.text) : [];
  byId('clip-notes').replaceChildren(...notes.map((text) => element('li', {}, text)));
}

/**
 * Show the probability of each class over the whole clip, the most probable first.
 *
 * @param {import('../engine/types.js').Clip} clip
 * @param {number} most  classes to show; those that are named are shown beyond it
 */
export function showAnswer(clip, most) {
  const {codes, names, thresholds} = clip.facts;
  const order = codes.map((_, k) => k).sort((a, b) => clip.clip.probabilities[b] - clip.clip.probabilities[a]);
  const labels = new Set(clip.clip.labels);
  const rows = order.filter((k, place) => place < most || labels.has(codes[k])).map((k) => {
    const isNamed = labels.has(codes[k]);
    const probability = clip.clip.probabilities[k];
    return element('tr', isNamed ? {class: 'named'} : {},
      element('th', {scope: 'row'}, names[k], ...(isNamed ? [element('span', {class: 'hidden'}, ' (named)')] : [])),
      element('td', {}, meter(probability, thresholds?.[k])),
      element('td', {class: 'number'}, thresholds ? thresholds[k].toFixed(2) : '—'));
  });
  byId('answer-table').tBodies[0].replaceChildren(...rows);
}

/** Return a bar with its number beside it, and a mark at the threshold. */
export function meter(probability, threshold = null) {
  const fill = element('span', {class: 'fill'});
  fill.style.width = `${100 * probability}%`;
  const track = element('span', {class: 'track', 'aria-hidden': 'true'}, fill);
  if (threshold !== null) {
    const mark = element('span', {class: 'mark'});
    mark.style.left = `calc(${100 * threshold}% - 1px)`;
    track.append(mark);
  }
  return element('span', {class: 'meter'}, track, element('span', {class: 'number'}, probability.toFixed(2)));
}

/**
 * Show who plays when as text.
 *
 * @param {import('../engine/types.js').Clip} clip
 * @param {(seconds: number) => void} onPlay  the person wants to hear a segment
 */
export function showSegments(clip, onPlay) {
  const segments = segmentsWithNumbers(clip);
  const rows = segments.slice(0, MOST_ROWS).map((piece) => {
    const start = clock(piece.startSeconds, true);
    return element('tr', {},
      element('td', {}, element('button', {type: 'button', class: 'number', 'aria-label': `Play from ${start}`, onclick: () => onPlay(piece.startSeconds)}, start)),
      element('td', {}, clock(piece.endSeconds, true)),
      element('td', {}, clip.facts.names[piece.classIndex]),
      element('td', {class: 'number'}, piece.highest.toFixed(2)));
  });
  byId('segments').tBodies[0].replaceChildren(...rows);
  const count = segments.length;
  byId('segments-caption').textContent =
    count ? `${count} stretch${count === 1 ? '' : 'es'} in which an instrument passes its threshold` : 'No instrument passes its threshold anywhere.';
  byId('segments-more').textContent = count > MOST_ROWS ? `The first ${MOST_ROWS}; the CSV and the labels have all.` : '';
}
