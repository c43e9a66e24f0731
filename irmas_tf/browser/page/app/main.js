/** The page: loads the model and ties its parts together. */

import {loadModel} from '../engine/engine.js';
import {decodeFile} from '../engine/decode.js';
import {wavOf} from '../engine/wav_writing.js';
import {ClipList} from './clip_list.js';
import {showAnswer, showHeading, showSegments} from './clip_view.js';
import {byId, download, element} from './dom.js';
import {listenForFiles} from './dropping.js';
import {exampleFile} from './example_file.js';
import {LevelControls} from './level_controls.js';
import {namedClasses, withLevels} from './levels.js';
import {Live} from './live.js';
import {sceneOf} from './painting.js';
import {Player} from './player.js';
import {Queue} from './queue.js';
import {answersCsv, fileOf} from './saving.js';
import {Timeline} from './timeline.js';
import {alertPerson, answerText, explain, listOf, missingFeature, say} from './words.js';

const FEW_LANES = 16; // and rows of the answer
const MANY_LANES = 60;

const queue = new Queue();
const levels = new LevelControls(() => showAll());
const player = new Player({onTime: (seconds) => timeline.setPosition(seconds), onProblem: alertPerson});
const timeline = new Timeline({onSeek: (seconds, play) => player.seek(seconds, play), onToggle: () => player.toggle()});
const live = new Live({
  onStart: (entry) => {
    queue.addListening(entry);
    choose(entry, false);
  },
  onChange: (entry, values) => {
    queue.update(entry, values);
    if (values.file && entry === current) choose(entry, false); // now it can be played
  },
  onNothing: remove,
  levels: () => levels.levels,
});
const list = new ClipList({
  onChoose: (entry) => choose(entry, true),
  onCancel: (entry) => queue.cancel(entry),
  onRetry: (entry) => queue.retry(entry),
  onRemove: remove,
});
let current = null;
let mostLanes = FEW_LANES;
let isListQueued = false;
let isExampleComing = false;
let drawn = {clip: null, outline: null}; // what the timeline shows

/** Take files: they wait in the list, and the first is shown if nothing is. */
function take(files) {
  if (!files.length) return;
  const added = queue.add(files);
  if (!queue.model) say(`${added.length === 1 ? 'The file waits' : 'The files wait'} for the model.`);
  if (!current || !queue.entries.includes(current) || added.length === 1) choose(added[0], false);
}

async function takeExample() {
  if (isExampleComing) return; // not disabled meanwhile: that would take the focus away
  isExampleComing = true;
  say('The example is computed: guitar, then organ, then flute …');
  try {
    take([await exampleFile()]);
  } catch (error) {
    alertPerson(explain(error));
  } finally {
    isExampleComing = false;
  }
}

function remove(entry) {
  queue.remove(entry);
  if (entry === current) choose(queue.entries.at(-1) ?? null, false);
}

/** Show an entry. @param {boolean} move  whether the person asked for it, so that focus should go there */
function choose(entry, move) {
  current = entry;
  byId('clip').hidden = !entry;
  player.load(entry?.file ?? null, entry?.seconds ?? 0, entry?.file ? () => playable(entry) : null);
  showList();
  if (entry) showClip(true);
  if (entry && move) byId('clip').scrollIntoView({behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth', block: 'nearest'});
}

/** What the model hears of a file that the browser decodes but does not play. */
async function playable(entry) {
  const rate = queue.model.facts.sampleRate;
  const {samples} = await decodeFile(entry.file, rate, {});
  if (!samples) throw new Error('too long');
  return wavOf(samples, rate);
}

function showAll() {
  showList();
  if (current) showClip(false);
}

/** Once per frame is enough, whatever happens. */
function showList() {
  if (isListQueued) return;
  isListQueued = true;
  requestAnimationFrame(() => {
    isListQueued = false;
    list.update(queue.entries, current, levels.levels);
    byId('cancel-all').hidden = queue.busy < 2;
  });
}

function showClip(isNew) {
  const clip = current.clip && withLevels(current.clip, levels.levels);
  const isDone = current.state === 'done';
  showHeading(current, clip);
  const seconds = current.seconds || clip?.durationSeconds || 0;
  const scene = clip?.startSeconds.length ? sceneOf(clip, current.outline, mostLanes) : emptyScene();
  timeline.show(scene, seconds, isNew);
  drawn = {clip: current.clip, outline: current.outline};
  player.setLength(seconds);
  const classes = queue.model?.facts.codes.length ?? 0;
  for (const id of ['lanes-all', 'answer-all']) byId(id).hidden = classes <= FEW_LANES;
  for (const button of document.querySelectorAll('[data-format]')) button.disabled = !isDone;
  byId('save-recording').hidden = !current.isRecording || !current.file;
  byId('answer').hidden = !isDone;
  byId('as-table').hidden = !isDone;
  if (!isDone) return;
  const isAll = byId('answer-all').getAttribute('aria-pressed') === 'true';
  showAnswer(clip, isAll ? Infinity : FEW_LANES);
  if (byId('as-table').open) showTable(clip);
}

function showTable(clip) {
  showSegments(clip, (seconds) => player.seek(seconds, true));
}

/** The waveform before the first answer. */
function emptyScene() {
  if (!queue.model) return null;
  const {facts} = queue.model;
  const nothing = {labels: [], probabilities: [], notes: []};
  return sceneOf({facts, file: current.name, durationSeconds: 0, startSeconds: [], endSeconds: [], probabilities: [], silent: [], notes: [], clip: nothing},
    current.outline, mostLanes);
}

function announce(entry) {
  if (entry.state === 'done') say(`${entry.name}: ${answerText(entry.clip, namedClasses(withLevels(entry.clip, levels.levels)))}`);
  else if (entry.state === 'failed') alertPerson(entry.problem);
  else if (entry.state === 'cancelled') say(`${entry.name} was cancelled.`);
}

const announced = new WeakMap();
queue.addEventListener('change', ({detail: {entry}}) => {
  showList();
  if (announced.get(entry) !== entry.state) {
    announced.set(entry, entry.state);
    if (entry.state === 'reading') say(`${entry.name} is read …`);
    if (entry.state === 'analysing') say(`${entry.name} is analysed …`);
    announce(entry);
    if (entry === current) showClip(entry.state === 'analysing');
  } else if (entry === current) {
    // Progress alone draws nothing anew: of an hour that would cost more than its analysis.
    if (entry.clip === drawn.clip && entry.outline === drawn.outline) showHeading(entry, entry.clip);
    else showClip(false);
  }
});
queue.addEventListener('idle', () => {
  const done = queue.entries.filter(({state}) => state === 'done').length;
  if (queue.entries.length > 1) say(`${done} of ${queue.entries.length} files have an answer.`);
});

async function save(format) {
  const clip = withLevels(current.clip, levels.levels);
  try {
    const {name, blob} = await fileOf(clip, current.outline, format);
    download(name, blob);
    say(`${name} was saved.`);
  } catch (error) {
    alertPerson(explain(error));
  }
}

function saveRecording() {
  download(current.name, current.file);
  say(`${current.name} was saved.`);
}

function saveAnswers() {
  const clips = queue.entries.filter(({state}) => state === 'done').map(({clip}) => withLevels(clip, levels.levels));
  download('answers.csv', new Blob([answersCsv(clips)], {type: 'text/csv'}));
  say('answers.csv was saved.');
}

/** Answer with a model; those of another one are asked for again. */
function useModel(model) {
  queue.model?.close();
  queue.model = model;
  const {facts} = model;
  levels.start(facts);
  byId('quality').textContent = facts.quality ? `How good it is: ${facts.quality}.` : 'How good this model is was not measured.';
  byId('licence').textContent = facts.licence || 'The model does not say under which licence its weights are.';
  const rows = [
    ['Instruments', listOf(facts.names)],
    ['Hears', `${facts.windowSeconds.toFixed(1)} s at a time, every ${facts.hopSeconds.toFixed(1)} s, at ${facts.sampleRate} Hz`],
    ['Made with', `irmas_tf ${facts.raw?.irmas_tf ?? ''}${facts.raw?.run ? `, ${facts.raw.run}` : ''}`],
  ];
  byId('facts').replaceChildren(...rows.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]));
  for (const id of ['choose', 'microphone', 'example', 'choose-model']) byId(id).disabled = false;
  for (const entry of queue.entries) if (entry.state !== 'waiting') queue.retry(entry);
  queue.add([]); // what waited for a model begins
}

async function chooseModel(file) {
  if (queue.model && (queue.busy || live.isOn)) {
    alertPerson('A model cannot be changed while it listens; cancel or wait, then choose it again.');
    return;
  }
  try {
    say(`${file.name} is loaded …`);
    const model = await loadModel(await file.arrayBuffer());
    useModel(model);
    say(`${file.name} answers from now on.`);
  } catch (error) {
    say('');
    alertPerson(`${explain(error, file.name)}${queue.model ? ' The model in use stays.' : ''}`);
  }
}

async function start() {
  byId('play').disabled = true;
  listenForFiles(take);
  byId('example').addEventListener('click', () => void takeExample());
  byId('microphone').addEventListener('click', () => {
    player.pause();
    void live.start(queue.model);
  });
  byId('cancel-all').addEventListener('click', () => queue.cancelAll());
  byId('export-all').addEventListener('click', saveAnswers);
  byId('zoom-in').addEventListener('click', () => timeline.zoom(0.5));
  byId('zoom-out').addEventListener('click', () => timeline.zoom(2));
  byId('earlier').addEventListener('click', () => timeline.pan(-0.5));
  byId('later').addEventListener('click', () => timeline.pan(0.5));
  byId('fit').addEventListener('click', () => timeline.fit());
  for (const id of ['lanes-all', 'answer-all']) {
    byId(id).addEventListener('click', ({target}) => {
      const isOn = target.getAttribute('aria-pressed') !== 'true';
      target.setAttribute('aria-pressed', String(isOn));
      if (id === 'lanes-all') mostLanes = isOn ? MANY_LANES : FEW_LANES;
      showAll();
    });
  }
  byId('as-table').addEventListener('toggle', () => {
    if (byId('as-table').open && current?.state === 'done') showTable(withLevels(current.clip, levels.levels));
  });
  for (const button of document.querySelectorAll('[data-format]')) button.addEventListener('click', () => void save(button.dataset.format));
  byId('save-recording').addEventListener('click', saveRecording);
  byId('choose-model').addEventListener('click', () => byId('model-file').click());
  byId('model-file').addEventListener('change', ({target}) => {
    const [file] = target.files;
    target.value = '';
    if (file) void chooseModel(file);
  });
  addEventListener('beforeunload', (event) => {
    if (live.isOn) event.preventDefault(); // what was heard would be lost
  });
  const missing = missingFeature();
  if (missing) {
    fail(missing);
    return;
  }
  try {
    useModel(await loadModel());
    byId('loading').hidden = true;
    if (!queue.busy) say('Ready.');
  } catch (error) {
    fail(explain(error));
  }
  byId('choose-model').disabled = false;
}

function fail(text) {
  byId('loading').hidden = true;
  say('The model cannot be used here.');
  alertPerson(text);
}

async function installOffline() {
  const address = document.querySelector('meta[name="service-worker"]')?.content;
  if (!address || !('serviceWorker' in navigator)) return;
  try {
    await navigator.serviceWorker.register(address);
  } catch {
    // Private windows refuse it; the page works, but not offline.
  }
}

void installOffline();
void start();
