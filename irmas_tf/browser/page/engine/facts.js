/**
 * What a .tflite file says about itself. The file is a zip archive as well, whose directory stands at its end
 * (PKWARE, APPNOTE.TXT); irmas_tf.json in it has the facts.
 */

import {Problem} from './problems.js';

const FACTS_FILE = 'irmas_tf.json';
const CHECKSUM = 'content_sha256'; // of the model without the archive behind it
const LONGEST_COMMENT = 65535;
const SILENCE_DBFS = -85;
const IDENTIFIER = 'TFL3'; // at byte 4 of every .tflite file
const CHOOSE = 'choose one that irmas export-tflite has written';

/**
 * Return the facts of a model.
 * @param {ArrayBuffer} file
 * @param {string} [name]  what it is called in messages
 * @returns {Promise<import('./types.js').Facts>}
 * @throws {Problem} it is no .tflite file, was not exported by irmas_tf, or is damaged
 */
export async function readFacts(file, name = 'the model') {
  if (!isTflite(file)) throw new Problem('model', `${name} is not a .tflite file; ${CHOOSE}`);
  let [raw, modelBytes] = [null, 0];
  try {
    const found = await readMember(file, FACTS_FILE);
    if (found === null) throw new Problem('model', `${name} says nothing about itself: another program has made it, or its end is missing; ${CHOOSE}, or copy it again`);
    raw = JSON.parse(found.text);
    modelBytes = found.begin;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('model', `${name} is damaged (${error.message}); copy or export it again`);
  }
  const facts = checkedFacts(raw);
  if (typeof facts === 'string') throw new Problem('model', `${name} is damaged (${FACTS_FILE}: ${facts}); copy or export it again`);
  if (!(await isAsExported(file, modelBytes, raw[CHECKSUM]))) {
    throw new Problem('model', `${name} is damaged, or was changed after its export; copy or export it again`);
  }
  return facts;
}

/** Files of earlier versions hold no checksum, and pages without https cannot compute one. */
async function isAsExported(file, modelBytes, checksum) {
  if (!checksum || !globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(file, 0, modelBytes)));
  return checksum === Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Return the facts, or what is wrong with them. */
function checkedFacts(raw) {
  if (raw === null || typeof raw !== 'object') return 'is no object';
  for (const key of ['sample_rate_hz', 'window_samples', 'window_hop_samples']) {
    if (!Number.isInteger(raw[key]) || raw[key] < 1) return `${key} is no number of samples`;
  }
  const codes = raw.labels;
  const names = raw.label_names ?? codes;
  const isText = (value) => typeof value === 'string' && value !== '';
  if (!Array.isArray(codes) || !codes.length || !codes.every(isText) || new Set(codes).size !== codes.length) {
    return 'labels must name every class once';
  }
  if (!Array.isArray(names) || names.length !== codes.length || !names.every(isText)) return 'label_names must name every class';
  let thresholds = raw.thresholds ?? null;
  if (thresholds !== null) {
    thresholds = Array.isArray(thresholds) ? thresholds : codes.map((code) => thresholds[code]);
    if (thresholds.length !== codes.length || !thresholds.every(Number.isFinite)) return 'thresholds must have one per class';
  }
  const rate = raw.sample_rate_hz;
  return {
    name: raw.name ?? '',
    task: raw.kind ?? (thresholds === null ? 'single_label' : 'multi_label'),
    sampleRate: rate,
    windowSamples: raw.window_samples,
    hopSamples: raw.window_hop_samples,
    windowSeconds: raw.window_samples / rate,
    hopSeconds: raw.window_hop_samples / rate,
    codes,
    names,
    thresholds,
    silenceDbfs: Number.isFinite(raw.silence_dbfs) ? raw.silence_dbfs : SILENCE_DBFS,
    licence: raw.licence ?? '',
    quality: quality(raw),
    raw,
  };
}

/** How good the model is and on what, as `irmas_tf.inference.named_models.quality_of` says it. */
function quality(raw) {
  if (typeof raw.figures === 'string' && raw.figures) return raw.figures;
  const metrics = raw.metrics;
  if (metrics === null || typeof metrics !== 'object') return '';
  for (const [key, title] of [['accuracy', 'accuracy'], ['lrap', 'LRAP']]) {
    const value = typeof metrics[key] === 'object' ? metrics[key]?.value : metrics[key];
    if (typeof value === 'number') {
      const songs = metrics.songs ? ` of ${metrics.songs} songs` : '';
      return `${title} ${value.toFixed(3)} on ${metrics.excerpts ?? metrics.clips} excerpts${songs} kept out of its own training data`;
    }
  }
  return '';
}

function isTflite(buffer) {
  return buffer.byteLength >= 8 && new TextDecoder().decode(new Uint8Array(buffer, 4, 4)) === IDENTIFIER;
}

/**
 * Return the text of a member of a zip archive, stored or deflated, and where the archive begins; null if there is no
 * archive, or it is not in it.
 */
async function readMember(buffer, wanted) {
  const view = new DataView(buffer);
  let end = view.byteLength - 22;
  for (const least = Math.max(0, end - LONGEST_COMMENT); end >= least; end--) {
    if (view.getUint32(end, true) === 0x06054b50) break;
  }
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) return null;
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  // Offsets count from where the archive was begun, which may be behind the model: the directory ends at `end`.
  let at = end - size;
  const shift = at - view.getUint32(end + 16, true);
  if (shift < 0) throw new Error(`${-shift} bytes are missing`);
  let [begin, found] = [at, null];
  for (let k = 0; k < count; k++) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error('its directory is broken');
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, nameLength));
    const header = view.getUint32(at + 42, true) + shift;
    begin = Math.min(begin, header);
    if (name === wanted) {
      const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
      const bytes = new Uint8Array(buffer, start, view.getUint32(at + 20, true));
      const isDeflated = view.getUint16(at + 10, true) === 8;
      const stream = new Blob([bytes]).stream();
      found = await new Response(isDeflated ? stream.pipeThrough(new DecompressionStream('deflate-raw')) : stream).text();
    }
    at += 46 + nameLength + extra + comment;
  }
  return found === null ? null : {text: found, begin};
}
