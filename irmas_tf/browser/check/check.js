/**
 * Runs the exported page's engine on what the check asks for, and tells the check what came out.
 * Served beside the page by irmas_tf.browser.page_check; never part of an export.
 */

const problems = [];
addEventListener('error', (event) => problems.push(`error: ${event.message}`));
addEventListener('unhandledrejection', (event) => problems.push(`rejection: ${event.reason?.message ?? event.reason}`));
document.addEventListener('securitypolicyviolation', (event) => problems.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
for (const level of ['error', 'warn']) {
  const say = console[level];
  console[level] = (...words) => {
    problems.push(`${level}: ${words.join(' ')}`);
    say.apply(console, words);
  };
}

let longestTask = 0; // of the page's thread, ms; browsers other than Chromium do not tell
try {
  new PerformanceObserver((list) => {
    for (const {duration} of list.getEntries()) longestTask = Math.max(longestTask, duration);
  }).observe({type: 'longtask', buffered: true});
} catch {
  longestTask = null;
}

/** A file, or the data of a WAV file with an open size many times over, which takes no more memory. */
async function fileOf(name, repeat) {
  const blob = await (await fetch(`sounds/${encodeURIComponent(name)}`)).blob();
  return new File([blob, ...Array(repeat - 1).fill(blob.slice(44))], name);
}

async function tell(message) {
  await fetch('answers', {method: 'POST', body: JSON.stringify(message)});
}

async function main() {
  const [{loadModel}, {decodeFile}, {activityCsv, activityJson, audacityLabels}] = await Promise.all([
    import('../engine/engine.js'), import('../engine/decode.js'), import('../engine/formats.js'),
  ]);
  const {tasks} = await (await fetch('tasks.json')).json();
  const before = performance.now();
  const model = await loadModel(undefined, tasks.options ?? {});
  await tell({loaded: performance.now() - before, facts: model.facts, agent: navigator.userAgent, cores: navigator.hardwareConcurrency});
  for (const {name, repeat = 1} of tasks.sounds) {
    try {
      const file = await fileOf(name, repeat);
      const began = performance.now();
      const sound = await decodeFile(file, model.facts.sampleRate);
      const decoded = performance.now();
      await tell({stage: 'decoded', of: name});
      longestTask &&= 0;
      const start = performance.now();
      let first;
      const clip = await model.analyse(sound, {onWindow: () => (first ??= performance.now())});
      const ended = performance.now();
      const {method, fileRate, channels} = sound;
      const times = {decode: decoded - began, first: first - start, analyse: ended - start, longestTask};
      const answer = {
        name, method, fileRate, channels, times, durationSeconds: clip.durationSeconds, startSeconds: clip.startSeconds,
        probabilities: clip.probabilities, silent: clip.silent, clip: clip.clip,
      };
      if (repeat === 1) Object.assign(answer, {csv: activityCsv(clip), json: activityJson(clip), audacity: audacityLabels(clip)});
      await tell(answer);
    } catch (error) {
      await tell({name, failed: error.message, code: error.code ?? error.name});
    }
  }
  model.close();
}

main()
  .catch((error) => problems.push(`failed: ${error.message}`))
  .finally(() => tell({end: true, problems}));
