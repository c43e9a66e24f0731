/** The sliders: one threshold for all classes, or one for each. */

import {byId, element} from './dom.js';
import {startingLevels, valuesOf} from './levels.js';

const MOST_SLIDERS = 50; // at once; the others are found by name

export class LevelControls {
  /** @param {(levels: import('./levels.js').Levels) => void} onChange */
  constructor(onChange) {
    this._onChange = onChange;
    byId('own-levels').addEventListener('change', (event) => this._set({kind: event.target.checked ? 'own' : 'single'}));
    byId('per-class-name').addEventListener('input', () => this._fill());
    byId('level').addEventListener('input', (event) => this._set({kind: 'single', single: Number(event.target.value)}));
  }

  /** Begin with the thresholds of a model. @param {import('../engine/types.js').Facts} facts */
  start(facts) {
    this._facts = facts;
    this.levels = startingLevels(facts);
    byId('own-levels-text').textContent = facts.thresholds ? 'The model’s own, per instrument' : 'None: the most probable instrument alone';
    byId('levels-text').textContent = facts.thresholds
      ? 'An instrument is named where its probability reaches its threshold.'
      : 'This model names the most probable instrument; with a threshold, every instrument that reaches it.';
    byId('per-class-name').value = '';
    this._fill();
  }

  /** Show a slider for each class whose name holds what is looked for. */
  _fill() {
    const {names} = this._facts;
    const wanted = byId('per-class-name').value.trim().toLowerCase();
    const matching = names.map((_, k) => k).filter((k) => names[k].toLowerCase().includes(wanted));
    const shown = matching.slice(0, MOST_SLIDERS);
    this._sliders = shown.map((k) => this._slider(k));
    byId('per-class-levels').replaceChildren(...this._sliders.map(({label}) => label));
    byId('per-class-find').hidden = names.length <= MOST_SLIDERS;
    byId('per-class-count').textContent = `${shown.length} of ${matching.length}`;
    this._show();
  }

  _slider(k) {
    const output = element('output', {class: 'number'});
    const input = element('input', {type: 'range', min: 0.01, max: 0.99, step: 0.01, 'aria-label': `Threshold of ${this._facts.names[k]}`});
    input.addEventListener('input', () => {
      const each = [...(valuesOf(this.levels, this._facts) ?? this.levels.each)];
      each[k] = Number(input.value);
      this._set({kind: 'each', each});
    });
    return {k, label: element('label', {}, element('span', {}, this._facts.names[k]), input, output), input, output};
  }

  _set(values) {
    this.levels = {...this.levels, ...values};
    this._show();
    this._onChange(this.levels);
  }

  _show() {
    const {kind, single} = this.levels;
    byId('own-levels').checked = kind === 'own';
    byId('level').value = single;
    byId('level-value').textContent = kind === 'single' ? single.toFixed(2) : '(not in use)';
    const values = valuesOf(this.levels, this._facts) ?? this.levels.each;
    this._sliders.forEach(({input, output, k}) => {
      input.value = values[k];
      output.textContent = values[k].toFixed(2);
    });
  }
}
