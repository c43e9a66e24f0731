/** The list of files: what each is doing, and its answer. */

import {byId, clock, element} from './dom.js';
import {namedClasses, withLevels} from './levels.js';

const STATES = {listening: 'is heard', waiting: 'waits', reading: 'is read', analysing: 'is analysed', cancelled: 'cancelled'};

export class ClipList {
  /**
   * @param {{onChoose: Function, onCancel: Function, onRetry: Function, onRemove: Function}} handlers  each takes an entry
   */
  constructor(handlers) {
    this._handlers = handlers;
    this._rows = new Map();
  }

  /**
   * Bring the list up to date. Rows stay the same elements, so that focus is not lost while an analysis goes on.
   *
   * @param {import('./queue.js').Entry[]} entries
   * @param {?import('./queue.js').Entry} current
   * @param {import('./levels.js').Levels} levels
   */
  update(entries, current, levels) {
    for (const [entry, row] of this._rows) {
      if (entries.includes(entry)) continue;
      const hadFocus = row.item.contains(document.activeElement);
      row.item.remove();
      this._rows.delete(entry);
      if (hadFocus) (byId('clips').querySelector('.name') ?? byId('choose')).focus();
    }
    for (const entry of entries) this._updateRow(entry, entry === current, levels);
    byId('list').hidden = !entries.length;
    byId('export-all').disabled = !entries.some(({state}) => state === 'done');
  }

  _updateRow(entry, isCurrent, levels) {
    let row = this._rows.get(entry);
    if (!row) {
      row = this._makeRow(entry);
      this._rows.set(entry, row);
      byId('clips').append(row.item);
    }
    const text = stateText(entry, levels);
    if (row.state.textContent !== text) row.state.textContent = text;
    row.choose.setAttribute('aria-current', String(isCurrent));
    const isBusy = ['waiting', 'reading', 'analysing'].includes(entry.state);
    row.progress.hidden = entry.state !== 'analysing' && entry.state !== 'reading';
    if (entry.state === 'reading') row.progress.removeAttribute('value');
    else row.progress.value = entry.progress;
    row.cancel.hidden = !isBusy;
    row.retry.hidden = !['failed', 'cancelled'].includes(entry.state) || !entry.file;
    row.remove.hidden = isBusy || entry.state === 'listening';
  }

  _makeRow(entry) {
    const state = element('span', {class: 'quiet'});
    const act = (name, handler) =>
      element('button', {type: 'button', 'aria-label': `${name} ${entry.name}`, onclick: () => handler(entry)}, name);
    const row = {
      state,
      choose: element('button', {type: 'button', class: 'name', onclick: () => this._handlers.onChoose(entry)}, element('span', {}, entry.name), state),
      progress: element('progress', {max: 1, 'aria-label': `Analysis of ${entry.name}`}),
      cancel: act('Cancel', this._handlers.onCancel),
      retry: act('Try again', this._handlers.onRetry),
      remove: act('Remove', this._handlers.onRemove),
    };
    row.item = element('li', {'data-id': entry.id}, row.choose, row.progress, row.cancel, row.retry, row.remove);
    return row;
  }
}

function stateText(entry, levels) {
  const length = entry.seconds ? `${clock(entry.seconds)} · ` : '';
  if (entry.state === 'failed') return `Did not work: ${entry.problem}`;
  if (entry.state !== 'done') return length + STATES[entry.state];
  if (entry.clip.silent.length && entry.clip.silent.every(Boolean)) return `${length}silence`;
  return length + (namedClasses(withLevels(entry.clip, levels)).join(', ') || 'no instrument passes its threshold');
}
