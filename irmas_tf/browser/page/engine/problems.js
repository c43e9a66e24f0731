/** What cannot work, in words for the person in front of the page. */

export class Problem extends Error {
  /**
   * @param {string} code  for programs: "model", "webassembly", "codec", "damaged", "empty", "samples", "too_long", "microphone", "files"
   * @param {string} message  a sentence, with the remedy
   */
  constructor(code, message) {
    super(message);
    this.name = 'Problem';
    this.code = code;
  }
}

/** Throw the AbortError of a signal that has fired. @param {AbortSignal} [signal] */
export function throwIfAborted(signal) {
  if (signal?.aborted) throw signal.reason ?? new DOMException('cancelled', 'AbortError');
}
