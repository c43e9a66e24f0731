/** What the page says: to eyes in the status line, to screen readers by the same line, errors in a box that stays. */

import {segmentsOf} from '../engine/clip.js';
import {Problem} from '../engine/problems.js';
import {byId, element} from './dom.js';

/** Say what goes on; replaces what was said before. */
export function say(text) {
  byId('status').textContent = text;
}

/** Say what went wrong, until the person has seen it. @param {string} text */
export function alertPerson(text) {
  const box = byId('alerts');
  for (const shown of box.children) if (shown.firstChild.textContent === text) return;
  const line = element('p', {}, element('span', {}, text));
  line.append(element('button', {type: 'button', onclick: () => line.remove()}, 'Close'));
  box.append(line);
}

/**
 * Return an error as a sentence. What is no Problem is a fault of the page; its own text is the best there is.
 *
 * @param {Error} error
 * @param {string} [name]  of the file it is about: the sentence begins with it
 */
export function explain(error, name = '') {
  if (name) {
    const text = explain(error);
    return text.toLowerCase().startsWith(name.toLowerCase()) ? name + text.slice(name.length) : `${name}: ${text}`;
  }
  if (error instanceof Problem) return sentence(error.message);
  if (error instanceof RangeError || /memory|allocation/i.test(error?.message ?? '')) {
    return 'This browser has not enough memory for it; close other pages, or cut the file into parts.';
  }
  return `Something in this page failed (${error?.message ?? error}); reload it, and nothing but this page is lost.`;
}

function sentence(text) {
  const end = /[.!?…]$/.test(text) ? '' : '.';
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

export function isCancelled(error) {
  return error?.name === 'AbortError';
}

/** What a browser must have, as a sentence about what it lacks; empty if it has all. */
export function missingFeature() {
  if (typeof WebAssembly !== 'object') {
    return 'This browser has no WebAssembly, which runs the model; it may be switched off (lockdown mode, a policy). Use another browser, or allow it for this page.';
  }
  if (typeof Worker !== 'function') return 'This browser has no workers, which the model runs in; use a newer one.';
  if (typeof OfflineAudioContext !== 'function') return 'This browser cannot decode sound for a page; use a newer one.';
  return '';
}

/** @param {import('../engine/types.js').Clip} clip @param {string[]} named  see namedClasses */
export function answerText(clip, named) {
  if (clip.silent.length && clip.silent.every(Boolean)) return 'Silence: no instrument is named.';
  if (!named.length) {
    const heard = new Set(segmentsOf(clip).map(({classIndex}) => classIndex));
    const parts = clip.facts.names.filter((_, k) => heard.has(k));
    return `No instrument passes its threshold over the whole clip${parts.length ? `; in parts of it: ${parts.slice(0, 8).join(', ')}` : ''}.`;
  }
  return clip.facts.task === 'single_label' ? `Most of all: ${named.join(', ')}` : `Leading: ${named.join(', ')}`;
}

const MOST_NAMES = 100;

/** Return names as a list; of very many the first. @param {string[]} names */
export function listOf(names) {
  const rest = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
