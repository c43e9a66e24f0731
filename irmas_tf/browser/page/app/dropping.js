/** Files that are dropped on the page, chosen in the browser's dialog, or pasted. */

import {byId} from './dom.js';

/** @param {(files: File[]) => void} onFiles */
export function listenForFiles(onFiles) {
  const input = byId('files');
  byId('choose').addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    onFiles([...input.files]);
    input.value = ''; // so that the same file can be chosen again
  });
  let depth = 0; // enter and leave also fire at every element inside
  const show = (is) => (byId('veil').hidden = !is);
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  addEventListener('dragenter', (event) => {
    if (hasFiles(event)) show(++depth > 0);
  });
  addEventListener('dragleave', (event) => {
    if (hasFiles(event)) show((depth = Math.max(0, depth - 1)) > 0);
  });
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // or the browser leaves the page for the file
    event.dataTransfer.dropEffect = 'copy';
  });
  addEventListener('drop', (event) => {
    depth = 0;
    show(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    onFiles([...event.dataTransfer.files]);
  });
  addEventListener('paste', (event) => {
    if (event.clipboardData?.files.length) onFiles([...event.clipboardData.files]);
  });
}
