/** Plays the clip that is shown. The browser plays the file itself, so that an hour of it takes no memory here. */

import {byId, clock} from './dom.js';

export class Player {
  /**
   * @param {{onTime: (seconds: number) => void, onProblem: (text: string) => void}} handlers
   */
  constructor(handlers) {
    this._handlers = handlers;
    this._audio = byId('audio');
    this._button = byId('play');
    this._address = '';
    this._fallback = null;
    this._seconds = 0;
    this._tick = this._tick.bind(this);
    this._button.addEventListener('click', () => this.toggle());
    for (const name of ['play', 'pause', 'ended']) this._audio.addEventListener(name, () => this._onState());
    this._audio.addEventListener('ended', () => this.seek(this._seconds, false)); // the last frame was a little before
    this._audio.addEventListener('error', () => this._onError());
    this._audio.addEventListener('seeked', () => this._report());
  }

  /**
   * Take a clip, stopped at its start.
   *
   * @param {?Blob} file                       what the browser should play; null: nothing can be played
   * @param {number} seconds                   its length
   * @param {?() => Promise<Blob>} fallback    makes something that it plays for certain, if it refuses the file
   */
  load(file, seconds, fallback = null) {
    this._audio.pause();
    this._seconds = seconds;
    this._fallback = fallback;
    this._wanted = 0;
    this._button.disabled = !file;
    this._setSource(file);
    this._onState();
    this._report();
  }

  /** The length may become known only while the clip is analysed. */
  setLength(seconds) {
    this._seconds = seconds;
    this._report();
  }

  toggle() {
    if (this._button.disabled) return;
    if (this._audio.paused) this._play();
    else this._audio.pause();
  }

  /** Go to a time; a clip that cannot be played has a playhead as well. */
  seek(seconds, play) {
    const wanted = Math.min(Math.max(0, seconds), this._seconds);
    this._wanted = wanted;
    if (this._address) this._audio.currentTime = wanted;
    this._report();
    if (play && !this._button.disabled && this._audio.paused) this._play();
  }

  pause() {
    this._audio.pause();
  }

  _setSource(file) {
    if (this._address) URL.revokeObjectURL(this._address);
    this._address = file ? URL.createObjectURL(file) : '';
    if (file) this._audio.src = this._address;
    else this._audio.removeAttribute('src');
  }

  async _play() {
    try {
      await this._audio.play();
    } catch (error) {
      // AbortError: something else was loaded meanwhile. NotSupportedError comes with an error event, too.
      if (error.name === 'NotAllowedError') this._handlers.onProblem('The browser did not let the sound start; press Play once more.');
    }
  }

  /** The browser decoded the file but will not play it: give it what the model hears. */
  async _onError() {
    if (!this._address) return;
    const [fallback, position, address] = [this._fallback, this._wanted, this._address];
    this._fallback = null;
    if (!fallback) {
      this._button.disabled = true;
      this._handlers.onProblem('This browser cannot play the file; its analysis stands.');
      return;
    }
    try {
      const file = await fallback();
      if (this._address !== address) return; // another clip is shown now
      this._setSource(file);
      this.seek(position, false);
    } catch {
      this._button.disabled = true;
    }
  }

  _onState() {
    const isPlaying = !this._audio.paused && !this._audio.ended;
    this._button.textContent = isPlaying ? 'Pause' : 'Play';
    cancelAnimationFrame(this._frame);
    if (isPlaying) this._frame = requestAnimationFrame(this._tick);
    else this._report();
  }

  _tick() {
    this._wanted = this._audio.currentTime;
    this._report();
    this._frame = requestAnimationFrame(this._tick);
  }

  _report() {
    const now = this._wanted ?? 0;
    const text = `${clock(now)} / ${clock(this._seconds)}`;
    if (byId('clock').textContent !== text) byId('clock').textContent = text;
    this._handlers.onTime(now);
  }
}
