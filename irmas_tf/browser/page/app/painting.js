/** Draws a clip on a canvas: its waveform, and a lane per class whose shade is the probability. */

import {edgesOf, segmentsOf} from '../engine/clip.js';
import {clock} from './dom.js';

const WAVE_HEIGHT = 64;
const AXIS_HEIGHT = 22;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const NARROW = 520; // CSS pixels below which names stand above their lanes

/** Colours of a picture that is saved: the light scheme, whatever the screen has. */
export const PAPER = {
  card: '#ffffff', ink: '#1b2027', quiet: '#59626f', line: '#dfe3e9', lane: '#eceff3', shade: '#1f63ad',
  active: '#b5410f', 'on-active': '#ffffff', wave: '#6b7480', hatch: '#7d8794',
};

/** Return the colours that the style sheet has now. */
export function colorsOfPage() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.keys(PAPER).map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/**
 * What there is to draw of a clip, computed once per clip and levels.
 *
 * @param {import('../engine/types.js').Clip} clip
 * @param {?import('./outline.js').Outline} outline
 * @param {number} [mostLanes] the classes that reach the greatest probabilities, in the order of the classes
 */
export function sceneOf(clip, outline, mostLanes = Infinity) {
  const highest = clip.facts.codes.map((_, k) => clip.probabilities.reduce((most, row) => Math.max(most, row[k]), 0));
  const ranked = highest.map((_, k) => k).sort((a, b) => highest[b] - highest[a]);
  const lanes = ranked.slice(0, mostLanes).sort((a, b) => a - b);
  const edges = edgesOf(clip);
  return {clip, outline, lanes, edges, segments: segmentsWithNumbers(clip, edges)};
}

/** @returns {{startSeconds: number, endSeconds: number, classIndex: number, highest: number}[]} `highest`: greatest probability of the class there */
export function segmentsWithNumbers(clip, edges = edgesOf(clip)) {
  return segmentsOf(clip).map((piece) => {
    let highest = 0;
    for (let w = firstInside(edges, piece.startSeconds); w < clip.probabilities.length && edges[w] < piece.endSeconds; w++) {
      highest = Math.max(highest, clip.probabilities[w][piece.classIndex]);
    }
    return {...piece, highest};
  });
}

/** Return where things stand in a picture so wide, in CSS pixels. */
export function layoutOf(scene, width, context) {
  context.font = `600 13px ${FONT}`;
  const names = scene.lanes.map((k) => scene.clip.facts.names[k]);
  const isNarrow = width < NARROW;
  const widest = Math.min(170, Math.max(0, ...names.map((name) => context.measureText(name).width)));
  const laneHeight = isNarrow ? 40 : 26;
  const left = isNarrow ? 0 : Math.ceil(widest) + 12;
  return {isNarrow, laneHeight, left, width, height: WAVE_HEIGHT + laneHeight * scene.lanes.length + AXIS_HEIGHT};
}

/**
 * Paint the part of a scene between two times.
 *
 * @param {CanvasRenderingContext2D} context  scaled so that its unit is a CSS pixel
 * @param {ReturnType<typeof sceneOf>} scene
 * @param {ReturnType<typeof layoutOf>} layout
 * @param {{start: number, end: number}} view  s
 * @param {typeof PAPER} colors
 */
export function paint(context, scene, layout, view, colors) {
  context.fillStyle = colors.card;
  context.fillRect(0, 0, layout.width, layout.height);
  paintWave(context, scene, layout, view, colors);
  scene.lanes.forEach((k, row) => paintLane(context, scene, layout, view, colors, k, row));
  paintAxis(context, scene, layout, view, colors);
}

function paintWave(context, {outline}, layout, view, colors) {
  const middle = WAVE_HEIGHT / 2;
  context.fillStyle = colors.wave;
  const perPixel = (view.end - view.start) / (layout.width - layout.left);
  const scale = outline?.peak ? (middle - 4) / outline.peak : 0;
  for (let x = layout.left; x < layout.width; x++) {
    const start = view.start + (x - layout.left) * perPixel;
    const half = outline && start < outline.seconds ? Math.max(0.5, scale * outline.between(start, start + perPixel)) : 0.5;
    context.fillRect(x, middle - half, 1, 2 * half);
  }
}

function paintLane(context, scene, layout, view, colors, k, row) {
  const {clip, edges} = scene;
  const top = WAVE_HEIGHT + row * layout.laneHeight + (layout.isNarrow ? 17 : 2);
  const height = layout.laneHeight - (layout.isNarrow ? 19 : 4);
  const span = layout.width - layout.left;
  const xOf = (seconds) => layout.left + ((seconds - view.start) / (view.end - view.start)) * span;
  context.fillStyle = colors.lane;
  context.fillRect(layout.left, top, span, height);
  const first = firstInside(edges, view.start);
  for (let w = first; w < clip.probabilities.length && edges[w] < view.end;) {
    const x = Math.max(layout.left, Math.round(xOf(edges[w]))); // whole pixels, or seams show between shades
    let most = clip.probabilities[w][k];
    let isSilent = clip.silent[w];
    let next = w + 1;
    // Windows narrower than a pixel: the greatest of them, as a short solo would vanish in a mean.
    for (; next < clip.probabilities.length && xOf(edges[next]) < x + 1.5; next++) {
      most = Math.max(most, clip.probabilities[next][k]);
      isSilent &&= clip.silent[next];
    }
    const end = Math.min(layout.width, Math.round(xOf(edges[next])));
    if (isSilent) hatch(context, x, top, end - x, height, colors);
    else {
      context.globalAlpha = 0.85 * most;
      context.fillStyle = colors.shade;
      context.fillRect(x, top, end - x, height);
      context.globalAlpha = 1;
    }
    w = next;
  }
  paintSegments(context, scene, layout, view, colors, k, top, height, xOf);
  const isNamed = clip.clip.labels.includes(clip.facts.codes[k]);
  context.font = `${isNamed ? 700 : 400} 13px ${FONT}`;
  context.fillStyle = colors.ink;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const name = `${isNamed && layout.isNarrow ? '✓ ' : ''}${clip.facts.names[k]}`;
  const place = layout.isNarrow ? {x: 6, y: top - 8, width: layout.width - 6} : {x: 0, y: top + height / 2, width: layout.left - 8};
  context.fillText(name, place.x, place.y, place.width);
}

/** Colour alone says nothing to many: a bar and, where it fits, the greatest probability as a number. */
function paintSegments(context, {segments}, layout, view, colors, k, top, height, xOf) {
  context.font = `600 11px ${FONT}`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const badge = Math.ceil(context.measureText('0.00').width) + 8;
  for (const piece of segments) {
    if (piece.classIndex !== k || piece.endSeconds <= view.start || piece.startSeconds >= view.end) continue;
    const x = Math.max(layout.left, xOf(piece.startSeconds));
    const width = Math.max(1, Math.min(layout.width, xOf(piece.endSeconds)) - x);
    context.fillStyle = colors.card; // a rim: on a dark shade the bar alone does not stand out
    context.fillRect(x, top + height - 5, width, 1);
    context.fillStyle = colors.active;
    context.fillRect(x, top + height - 4, width, 4);
    if (width < badge + 4) continue;
    context.fillRect(x, top, badge, height);
    context.fillStyle = colors['on-active'];
    context.fillText(piece.highest.toFixed(2), x + 4, top + height / 2);
  }
}

function paintAxis(context, scene, layout, view, colors) {
  const top = layout.height - AXIS_HEIGHT;
  const seconds = view.end - view.start;
  const step = tickStep(seconds, (layout.width - layout.left) / 90);
  context.font = `400 12px ${FONT}`;
  context.textBaseline = 'top';
  for (let tick = Math.ceil(view.start / step - 1e-9) * step; tick <= view.end + 1e-9; tick += step) {
    const x = layout.left + ((tick - view.start) / seconds) * (layout.width - layout.left);
    context.fillStyle = colors.quiet;
    context.fillRect(Math.min(x, layout.width - 1), top, 1, 4);
    const isFirst = x < layout.left + 16; // beside the playhead, which waits there
    context.textAlign = isFirst ? 'left' : x > layout.width - 24 ? 'right' : 'center';
    context.fillText(clock(tick, step < 1), isFirst ? x + 4 : x, top + 6);
  }
}

/** Return the distance of ticks, s, so that there are at most so many. */
export function tickStep(seconds, most) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  return steps.find((step) => seconds / step <= Math.max(1, most)) ?? 7200;
}

function hatch(context, x, y, width, height, colors) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colors.hatch;
  context.beginPath();
  for (let at = x - (x % 8) - height; at < x + width; at += 8) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

/** Return the first window that ends after a time. */
function firstInside(edges, seconds) {
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle + 1] > seconds) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @returns {Promise<Blob>} the whole clip as a PNG, on white, with its name and its notes above it */
export async function pictureOf(scene, title) {
  const [width, scale, margin] = [1200, 2, 16];
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  const lines = [title, ...scene.clip.notes.map((note) => `note: ${note.text}`)];
  const layout = layoutOf(scene, width - 2 * margin, context);
  canvas.width = width * scale;
  canvas.height = (layout.height + lines.length * 20 + 2 * margin) * scale;
  context.scale(scale, scale);
  context.fillStyle = PAPER.card;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = 'top';
  lines.forEach((line, i) => {
    context.font = `${i ? 400 : 600} ${i ? 13 : 15}px ${FONT}`;
    context.fillStyle = i ? PAPER.quiet : PAPER.ink;
    context.fillText(line, margin, margin + 20 * i, width - 2 * margin);
  });
  context.translate(margin, margin + 20 * lines.length);
  paint(context, scene, layout, {start: 0, end: Math.max(scene.clip.durationSeconds, 1e-9)}, PAPER);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture is too large for this browser'))), 'image/png');
  });
}
