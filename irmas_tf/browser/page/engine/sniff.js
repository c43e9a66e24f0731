/**
 * The stored rate of a compressed file, from its first bytes: browsers do not tell it, and decode to any rate they are
 * asked for. At the file's own rate nothing is resampled, so that our own filter can be the only one.
 *
 * Sources: RFC 9639 (FLAC), RFC 3533 and 7845 (Ogg, Opus), Vorbis I specification, ISO 11172-3 and 13818-3 (MPEG audio),
 * ISO 14496-3 and -12 (ADTS, MP4), RFC 9559 (Matroska).
 */

const OPUS_RATE = 48000; // Opus is decoded at this rate whatever it was made from
const MPEG_RATES = {3: [44100, 48000, 32000], 2: [22050, 24000, 16000], 0: [11025, 12000, 8000]};
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const SEARCHED_BYTES = 1 << 16; // for the first frame of MPEG audio

/**
 * Return the stored rate in Hz, 0 if it is not known here.
 * @param {Uint8Array} bytes  of the whole file, or its first megabyte and more
 */
export function storedRate(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = id3Length(bytes);
  try {
    if (text(bytes, at, 4) === 'fLaC') return flacRate(bytes, at + 8);
    if (text(bytes, at, 4) === 'OggS') return oggRate(bytes, view, at);
    if (text(bytes, 4, 4) === 'ftyp') return mp4Rate(bytes, view);
    if (view.getUint32(0) === 0x1a45dfa3) return matroskaRate(bytes, view);
    return mpegRate(bytes, at);
  } catch (error) {
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

function text(bytes, at, count) {
  return String.fromCharCode(...bytes.subarray(at, at + count));
}

function find(bytes, letters, from = 0, end = bytes.length) {
  const first = letters.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0 && at < end; at = bytes.indexOf(first, at + 1)) {
    if (text(bytes, at, letters.length) === letters) return at;
  }
  return -1;
}

function id3Length(bytes) {
  if (text(bytes, 0, 3) !== 'ID3') return 0;
  return 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]) + (bytes[5] & 16 ? 10 : 0);
}

function flacRate(bytes, at) {
  return (bytes[at + 10] << 12) | (bytes[at + 11] << 4) | (bytes[at + 12] >> 4);
}

function oggRate(bytes, view, at) {
  const body = at + 27 + bytes[at + 26];
  if (text(bytes, body, 8) === 'OpusHead') return OPUS_RATE;
  if (text(bytes, body + 1, 6) === 'vorbis') return view.getUint32(body + 12, true);
  if (text(bytes, body + 1, 4) === 'FLAC') return flacRate(bytes, body + 9 + 8);
  return 0;
}

/** The rate of the sample entry of the audio track; MP4 boxes nest, but this one's name and place are enough. */
function mp4Rate(bytes, view) {
  if (find(bytes, 'Opus') >= 0 && find(bytes, 'dOps') >= 0) return OPUS_RATE;
  for (const name of ['mp4a', 'alac', 'fLaC', '.mp3']) {
    const entry = find(bytes, 'stsd');
    const place = entry < 0 ? -1 : find(bytes, name, entry);
    if (place < 0) continue;
    const config = find(bytes, 'esds', place, place + 256);
    // High-efficiency AAC states half its rate in the entry; what it is decoded at, only the browser knows.
    if (config >= 0 && isHighEfficiency(bytes, config)) return 0;
    return view.getUint16(place + 4 + 24);
  }
  return 0;
}

function isHighEfficiency(bytes, config) {
  for (let at = config + 8; at < config + 64; at++) {
    if (bytes[at] !== 5) continue; // DecoderSpecificInfo; its length may be written in one to four bytes
    let body = at + 1;
    while (bytes[body] & 128) body++;
    const length = bytes[body++];
    if (length < 2) continue;
    const [type, index] = [bytes[body] >> 3, ((bytes[body] & 7) << 1) | (bytes[body + 1] >> 7)];
    const isAnnounced = length >= 5 && bytes[body + 2] === 0x56 && bytes[body + 3] === 0xe5;
    return type === 5 || type === 29 || isAnnounced || AAC_RATES[index] <= 24000;
  }
  return false;
}

function matroskaRate(bytes, view) {
  if (find(bytes, 'A_OPUS', 0, SEARCHED_BYTES) >= 0) return OPUS_RATE;
  const codec = find(bytes, 'A_', 0, SEARCHED_BYTES);
  if (codec < 0) return 0;
  for (let at = codec; at < codec + 512; at++) {
    if (bytes[at] !== 0xb5) continue; // SamplingFrequency
    const rate = bytes[at + 1] === 0x84 ? view.getFloat32(at + 2) : bytes[at + 1] === 0x88 ? view.getFloat64(at + 2) : 0;
    if (rate >= 8000 && rate <= 192000) return Math.round(rate);
  }
  return 0;
}

function mpegRate(bytes, from) {
  for (let at = from; at < Math.min(bytes.length - 4, from + SEARCHED_BYTES); at++) {
    if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe0) !== 0xe0) continue;
    const [version, layer] = [(bytes[at + 1] >> 3) & 3, (bytes[at + 1] >> 1) & 3];
    if (layer === 0 && (bytes[at + 1] & 0xf6) === 0xf0) {
      // ADTS; at low rates it may hide a doubled one (high efficiency).
      const rate = AAC_RATES[(bytes[at + 2] >> 2) & 15] ?? 0;
      return rate > 24000 ? rate : 0;
    }
    const rate = MPEG_RATES[version]?.[(bytes[at + 2] >> 2) & 3];
    if (layer !== 0 && rate && bytes[at + 2] >> 4 !== 15 && bytes[at + 2] >> 4 !== 0) return rate;
  }
  return 0;
}
