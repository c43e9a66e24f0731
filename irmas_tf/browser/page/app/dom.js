/** Small things that every part of the page needs of the document. */

/** @param {string} id @returns {any} the element, which stands in index.html */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Return a new element. Text goes in as text, never as HTML: file names are a stranger's.
 *
 * @param {string} tag
 * @param {object} [properties] attributes; `class`, `on…` (a function) and properties such as `disabled` as well
 * @param {...(Node|string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') made.toggleAttribute(name, value);
    else made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** Return seconds as a clock shows them: 0:07, 12:30, 1:02:05; with tenths if asked. */
export function clock(seconds, tenths = false) {
  const unit = tenths ? 10 : 1;
  const whole = Math.floor(Math.max(0, seconds) * unit + 1e-6);
  const total = Math.floor(whole / unit);
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const end = `${String(rest).padStart(2, '0')}${tenths ? `.${whole % unit}` : ''}`;
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${end}` : `${minutes}:${end}`;
}

/** Return seconds as a screen reader should say them. */
export function spokenTime(seconds) {
  const total = Math.max(0, Math.round(seconds));
  const parts = [[Math.floor(total / 3600), 'hour'], [Math.floor(total / 60) % 60, 'minute'], [total % 60, 'second']];
  const said = parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return said.join(' ') || '0 seconds';
}

/** Let the browser paint and hear the person before more work is done. */
export function breathe() {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Hand the person a file. */
export function download(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = element('a', {href: address, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  // Firefox and Safari fetch the blob after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
