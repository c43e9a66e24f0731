/** The outline of a waveform, coarser the further it is zoomed out. */

const FINEST_PER_SECOND = 100;
const MOST_POINTS = 400_000; // an hour at 100 points per second; 1.6 MB

/** How many points the outline of so many seconds has. */
export function outlinePoints(seconds) {
  return Math.max(1, Math.min(MOST_POINTS, Math.ceil(seconds * FINEST_PER_SECOND)));
}

export class Outline {
  /**
   * @param {Float32Array} peaks  greatest absolute sample in equal parts
   * @param {number} seconds      that they span
   */
  constructor(peaks, seconds) {
    this.seconds = seconds;
    this._levels = [peaks];
    while (this._levels.at(-1).length > 512) {
      const finer = this._levels.at(-1);
      const coarser = new Float32Array(Math.ceil(finer.length / 4));
      for (let i = 0; i < finer.length; i++) coarser[i >> 2] = Math.max(coarser[i >> 2], finer[i]);
      this._levels.push(coarser);
    }
    this.peak = this._levels.at(-1).reduce((most, p) => Math.max(most, p), 0);
  }

  /** Greatest peak between two times; looks at a handful of points at any zoom. */
  between(start, end) {
    const wanted = (end - start) / this.seconds;
    const level = this._levels.findLast((peaks) => peaks.length * wanted >= 1) ?? this._levels[0];
    const first = Math.max(0, Math.floor((start / this.seconds) * level.length));
    const last = Math.min(level.length, Math.max(first + 1, Math.ceil((end / this.seconds) * level.length)));
    let most = 0;
    for (let i = first; i < last; i++) most = Math.max(most, level[i]);
    return most;
  }
}
