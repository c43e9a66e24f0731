/** The clip over time as something to look at, click, zoom and steer with keys. */

import {breathe, byId, clock, spokenTime} from './dom.js';
import {windowAt} from './levels.js';
import {colorsOfPage, layoutOf, paint} from './painting.js';

const SHORTEST_VIEW = 2; // s
const DRAG_PIXELS = 6; // a hand that clicks moves a little
const STEP = 1; // s, of an arrow key

export class Timeline {
  /**
   * @param {{onSeek: (seconds: number, play: boolean) => void, onToggle: () => void}} handlers
   */
  constructor(handlers) {
    this._handlers = handlers;
    this._box = byId('timeline');
    this._canvas = byId('canvas');
    this._context = this._canvas.getContext('2d');
    this._head = byId('playhead');
    this._scene = null;
    this._seconds = 0;
    this._view = {start: 0, end: 0};
    this._position = 0;
    this._pointers = new Map();
    this._isQueued = false;
    this._listen();
  }

  /**
   * Show a scene (see sceneOf), or nothing.
   *
   * @param {?object} scene
   * @param {number} seconds  length of the clip
   * @param {boolean} isNew   another clip: show all of it, from its start
   */
  show(scene, seconds, isNew) {
    this._scene = scene;
    const before = this._seconds;
    this._seconds = Math.max(seconds, 1e-3);
    if (isNew) {
      this._view = {start: 0, end: this._seconds};
      this._position = 0;
    } else if (this._seconds > before && this._view.end >= before) {
      // It grows while it is heard: the whole stays the whole, and a part at the end stays at the end.
      const {start} = this._view;
      this._setView(start > 0 ? start + this._seconds - before : 0, this._seconds);
    } else {
      this._setView(this._view.start, this._view.end);
    }
    this._box.setAttribute('aria-valuemax', this._seconds.toFixed(1));
    this.setPosition(this._position, false);
    this._queue();
  }

  get position() {
    return this._position;
  }

  /** Move the playhead; while a clip plays the view follows. */
  setPosition(seconds, follow = true) {
    this._position = Math.min(Math.max(0, seconds), this._seconds);
    const {start, end} = this._view;
    if (follow && (this._position < start || this._position > end)) {
      this._setView(this._position, this._position + end - start);
    }
    this._placeHead();
    this._say();
  }

  zoom(factor, around = null) {
    const {start, end} = this._view;
    const isInside = this._position >= start && this._position <= end;
    const center = around ?? (isInside ? this._position : (start + end) / 2);
    const span = Math.min(this._seconds, Math.max(Math.min(SHORTEST_VIEW, this._seconds), (end - start) * factor));
    const first = center - ((center - start) / (end - start)) * span;
    this._setView(first, first + span);
  }

  /** Move the visible part, as a part of itself. */
  pan(part) {
    const {start, end} = this._view;
    this._setView(start + part * (end - start), end + part * (end - start));
  }

  fit() {
    this._setView(0, this._seconds);
  }

  _setView(start, end) {
    const span = Math.min(end - start, this._seconds) || this._seconds;
    const first = Math.min(Math.max(0, start), this._seconds - span);
    this._view = {start: first, end: first + span};
    this._placeHead();
    this._queue();
  }

  _queue() {
    if (this._isQueued) return;
    this._isQueued = true;
    requestAnimationFrame(() => {
      this._isQueued = false;
      this._draw();
    });
  }

  _draw() {
    const width = Math.floor(this._box.clientWidth);
    if (!this._scene || !width) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this._layout = layoutOf(this._scene, width, this._context);
    const [across, down] = [Math.round(width * ratio), Math.round(this._layout.height * ratio)];
    if (this._canvas.width !== across || this._canvas.height !== down) {
      this._canvas.width = across;
      this._canvas.height = down;
      this._canvas.style.height = `${this._layout.height}px`;
    }
    this._context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(this._context, this._scene, this._layout, this._view, colorsOfPage());
    this._placeHead();
  }

  _placeHead() {
    if (!this._layout) return;
    const {start, end} = this._view;
    const part = (this._position - start) / (end - start);
    this._head.style.visibility = part >= 0 && part <= 1 ? 'visible' : 'hidden';
    const x = this._layout.left + part * (this._layout.width - this._layout.left);
    this._head.style.transform = `translateX(${Math.min(x, this._layout.width - 2)}px)`;
  }

  /** Say what is heard at the playhead, to eyes and to screen readers. */
  _say() {
    const scene = this._scene;
    let heard = 'not analysed yet';
    if (scene?.clip.probabilities.length && this._position <= scene.edges.at(-1) + 1e-6) {
      const row = windowAt(scene.edges, this._position);
      const {names} = scene.clip.facts;
      const ranked = names.map((name, k) => [name, scene.clip.probabilities[row][k]]).sort((a, b) => b[1] - a[1]);
      heard = scene.clip.silent[row] ? 'silence' : ranked.slice(0, 3).map(([name, p]) => `${name} ${p.toFixed(2)}`).join(', ');
    }
    const text = `${clock(this._position)}: ${heard}`;
    if (byId('here').textContent !== text) byId('here').textContent = text;
    this._box.setAttribute('aria-valuenow', this._position.toFixed(1));
    this._box.setAttribute('aria-valuetext', `${spokenTime(this._position)}: ${heard}`);
  }

  _secondsAt(clientX) {
    if (!this._layout) return 0;
    const x = clientX - this._box.getBoundingClientRect().left - this._layout.left;
    const part = Math.min(1, Math.max(0, x / (this._layout.width - this._layout.left)));
    return this._view.start + part * (this._view.end - this._view.start);
  }

  _listen() {
    new ResizeObserver(() => this._queue()).observe(this._box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => breathe().then(() => this._queue()));
    this._box.addEventListener('keydown', (event) => this._onKey(event));
    this._box.addEventListener('wheel', (event) => this._onWheel(event), {passive: false});
    this._box.addEventListener('pointerdown', (event) => this._onPointer(event));
    this._box.addEventListener('pointermove', (event) => this._onMove(event));
    for (const name of ['pointerup', 'pointercancel']) this._box.addEventListener(name, (event) => this._onRelease(event));
  }

  _onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const seek = (seconds) => this._handlers.onSeek(seconds, false);
    const arrow = (sign) => (event.shiftKey ? this.pan(sign * 0.25) : seek(this._position + sign * STEP));
    const actions = {
      ArrowLeft: () => arrow(-1), ArrowRight: () => arrow(1), ArrowDown: () => arrow(-1), ArrowUp: () => arrow(1),
      PageDown: () => seek(this._position - this._seconds / 10), PageUp: () => seek(this._position + this._seconds / 10),
      Home: () => seek(0), End: () => seek(this._seconds),
      '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2), 0: () => this.fit(),
      ' ': () => this._handlers.onToggle(), Enter: () => this._handlers.onToggle(),
    };
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  }

  _onWheel(event) {
    // A bare wheel scrolls the page, as everywhere; a pinch on a touchpad arrives as Ctrl and the wheel.
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(Math.max(-50, Math.min(50, event.deltaY)) * 0.01), this._secondsAt(event.clientX));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.pan(((event.deltaX || event.deltaY) / Math.max(1, this._box.clientWidth)) * 1.5);
    }
  }

  _onPointer(event) {
    if (event.button) return;
    this._box.setPointerCapture(event.pointerId);
    this._pointers.set(event.pointerId, {from: event.clientX, at: event.clientX, moved: this._pointers.size > 0});
  }

  _onMove(event) {
    const pointer = this._pointers.get(event.pointerId);
    if (!pointer) return;
    const [before, others] = [pointer.at, [...this._pointers.values()].filter((other) => other !== pointer)];
    pointer.moved ||= Math.abs(event.clientX - pointer.from) > DRAG_PIXELS;
    if (!pointer.moved) return;
    pointer.at = event.clientX;
    if (others.length) { // two fingers: the distance between them zooms
      const [was, is] = [Math.abs(before - others[0].at), Math.abs(pointer.at - others[0].at)];
      if (was > 8 && is > 8) this.zoom(was / is, this._secondsAt((pointer.at + others[0].at) / 2));
      others[0].moved = true;
    } else {
      this._box.classList.add('moving');
      this.pan((before - pointer.at) / Math.max(1, this._layout.width - this._layout.left));
    }
  }

  _onRelease(event) {
    const pointer = this._pointers.get(event.pointerId);
    this._pointers.delete(event.pointerId);
    this._box.classList.remove('moving');
    if (pointer && !pointer.moved && event.type === 'pointerup') this._handlers.onSeek(this._secondsAt(event.clientX), true);
  }
}
