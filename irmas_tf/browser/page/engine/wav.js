/**
 * WAV files, read piece by piece: integers, floats, A-law and mu-law, with the numbers of irmas_tf.streaming_samples.
 * Headers are read as programs write them: open or wrong sizes, chunks in any order, RF64, big-endian RIFX.
 * What is not read here (compressed samples, broken headers) is left to the browser: readWavHeader returns null.
 */

const PCM = 1;
const FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;
const WIDTHS = {[PCM]: [1, 2, 3, 4], [FLOAT]: [4, 8], [A_LAW]: [1], [MU_LAW]: [1]};
const MOST_CHUNKS = 1000;
const MOST_FORMAT_BYTES = 1 << 16;

/** Whether bytes begin like a WAV file. @param {Uint8Array} start */
export function isWav(start) {
  const text = (at) => String.fromCharCode(...start.subarray(at, at + 4));
  return ['RIFF', 'RIFX', 'RF64', 'BW64'].includes(text(0)) && text(8) === 'WAVE';
}

/**
 * @typedef {object} WavHeader
 * @property {number} tag
 * @property {number} channels
 * @property {number} rate          Hz
 * @property {number} width         bytes of a sample
 * @property {boolean} isBigEndian
 * @property {[number, number][]} parts  (offset, bytes) of each piece of data
 * @property {number} frames        samples per channel that are there
 * @property {?number} promised     samples per channel that the header announces, null if it leaves that open
 */

/**
 * Return the header of a file, or null if it is not a WAV file whose samples are read here.
 * @param {Blob} file
 * @returns {Promise<?WavHeader>}
 */
export async function readWavHeader(file) {
  const bytesAt = async (at, count) => new DataView(await file.slice(at, at + count).arrayBuffer());
  const head = await bytesAt(0, 12);
  if (head.byteLength < 12 || !isWav(new Uint8Array(head.buffer))) return null;
  const little = head.getUint8(3) !== 0x58; // RIFX
  let format = null;
  let longSize = 0;
  let promised = 0;
  let isOpen = false;
  const parts = [];
  for (let at = 12, k = 0; k < MOST_CHUNKS; k++) {
    const chunk = await bytesAt(at, 8);
    if (chunk.byteLength < 8) break;
    const name = String.fromCharCode(...new Uint8Array(chunk.buffer, 0, 4));
    if (!/^[\x20-\x7e]{4}$/.test(name)) break;
    const body = at + 8;
    let size = chunk.getUint32(4, little);
    if (name === 'ds64') {
      const content = await bytesAt(body + 8, 8);
      if (content.byteLength === 8) longSize = Number(content.getBigUint64(0, little));
    } else if (name === 'fmt ' && !format) {
      format = await bytesAt(body, Math.min(size, MOST_FORMAT_BYTES));
    } else if (name === 'data') {
      const rest = Math.max(0, file.size - body);
      if (size === 0xffffffff && longSize) size = longSize;
      else if ((size > rest && size >= 0x7ffeff00) || (size === 0 && rest > 1)) {
        // Written to a pipe: the writer never learnt the size.
        isOpen = true;
        size = rest;
      } else if (size === file.size || size === file.size - 8) size = rest; // all of the file counted in
      promised += size;
      parts.push([body, Math.min(size, rest)]);
    }
    at = body + size + (size % 2);
  }
  return checkedHeader(format, parts, little, isOpen ? null : promised);
}

function checkedHeader(format, parts, little, promised) {
  if (!format || format.byteLength < 16 || !parts.length) return null;
  let tag = format.getUint16(0, little);
  if (tag === EXTENSIBLE && format.byteLength >= 40) tag = format.getUint16(24, little);
  const [channels, rate] = [format.getUint16(2, little), format.getUint32(4, little)];
  const [block, bits] = [format.getUint16(12, little), format.getUint16(14, little)];
  if (!channels || !WIDTHS[tag]) return null;
  // 24 bits may stand in words of 32; in all else the bits are believed.
  const width = bits && !(bits === 24 && block === 4 * channels) ? Math.ceil(bits / 8) : block / channels;
  if (!WIDTHS[tag].includes(width)) return null;
  const bytes = width * channels;
  const present = parts.reduce((sum, [, size]) => sum + size, 0);
  const frames = Math.floor(present / bytes);
  return {tag, channels, rate, width, isBigEndian: !little, parts, frames, promised: promised === null ? null : Math.floor(promised / bytes)};
}

/**
 * Yield the samples of a WAV file, interleaved, full scale 1.0.
 * @param {Blob} file
 * @param {WavHeader} header
 * @param {number} count  samples per channel at once
 * @returns {AsyncGenerator<Float32Array>}
 */
export async function* readWav(file, header, count) {
  const frame = header.width * header.channels;
  let rest = new Uint8Array(0);
  for (const [offset, size] of header.parts) {
    for (let at = 0; at < size; at += count * frame) {
      const end = Math.min(size, at + count * frame);
      const read = new Uint8Array(await file.slice(offset + at, offset + end).arrayBuffer());
      let bytes = read;
      if (rest.length) {
        bytes = new Uint8Array(rest.length + read.length);
        bytes.set(rest);
        bytes.set(read, rest.length);
      }
      const whole = Math.floor(bytes.length / frame) * frame;
      rest = bytes.slice(whole);
      if (whole) yield samplesOf(bytes.subarray(0, whole), header);
    }
  }
}

function samplesOf(bytes, {tag, width, isBigEndian}) {
  const count = bytes.length / width;
  const samples = new Float32Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !isBigEndian;
  if (tag === A_LAW || tag === MU_LAW) {
    const table = compandingTable(tag);
    for (let k = 0; k < count; k++) samples[k] = table[bytes[k]];
  } else if (tag === FLOAT) {
    for (let k = 0; k < count; k++) samples[k] = width === 4 ? view.getFloat32(4 * k, little) : view.getFloat64(8 * k, little);
  } else if (width === 1) {
    for (let k = 0; k < count; k++) samples[k] = (bytes[k] - 128) / 128;
  } else if (width === 2) {
    for (let k = 0; k < count; k++) samples[k] = view.getInt16(2 * k, little) / 32768;
  } else if (width === 4) {
    for (let k = 0; k < count; k++) samples[k] = view.getInt32(4 * k, little) / 2147483648;
  } else {
    const [low, high] = little ? [0, 2] : [2, 0];
    for (let k = 0; k < count; k++) {
      const at = 3 * k;
      samples[k] = ((bytes[at + low] | (bytes[at + 1] << 8) | (bytes[at + high] << 16)) << 8) / 2147483648;
    }
  }
  return samples;
}

/** The samples of the 256 bytes of A-law or mu-law (ITU-T G.711). */
function compandingTable(tag) {
  return Float32Array.from({length: 256}, (_, code) => {
    const flipped = code ^ (tag === A_LAW ? 0x55 : 0xff);
    const exponent = (flipped >> 4) & 7;
    const mantissa = flipped & 15;
    if (tag === A_LAW) {
      const value = exponent ? (16 * mantissa + 264) << (exponent - 1) : 16 * mantissa + 8;
      return (flipped & 128 ? value : -value) / 32768;
    }
    const value = (((mantissa << 3) + 132) << exponent) - 132;
    return (flipped & 128 ? -value : value) / 32768;
  });
}
