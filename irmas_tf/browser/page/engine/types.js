/**
 * What the engine's modules give each other and the page. Nothing here runs.
 *
 *   engine.js      loadModel(source?) -> Model
 *   decode.js      decodeFile(file, rate, {signal}) -> Sound
 *   microphone.js  openMicrophone(model, {onWindow, onLevel}) -> Microphone
 *   formats.js     activityCsv(clip), activityJson(clip), audacityLabels(clip) -> text of a file
 *   problems.js    Problem: an error whose message is a sentence for the person in front of the page
 *
 * Times are in seconds, samples mono float32 with full scale 1.0.
 *
 * @typedef {object} Facts  What a .tflite file says about itself.
 * @property {string} name
 * @property {string} task            "single_label" or "multi_label"
 * @property {number} sampleRate      Hz
 * @property {number} windowSamples
 * @property {number} hopSamples
 * @property {number} windowSeconds
 * @property {number} hopSeconds
 * @property {string[]} codes         of the classes, in the order of the probabilities
 * @property {string[]} names         for people, in the same order
 * @property {?number[]} thresholds   level per class from which it is active; null: the most probable class is
 * @property {number} silenceDbfs     RMS of a window about its mean below which it is silent
 * @property {string} licence         of the weights, a sentence
 * @property {string} quality         how good it is and on what; empty if that is not known
 * @property {object} raw             all facts, as in the file
 *
 * @typedef {object} Note             Something odd about a sound.
 * @property {string} code            "silent", "silent_in_mono", "partly_silent", "scale", "short", "narrow_band", "incomplete"
 * @property {string} text            one line for people
 *
 * @typedef {object} Sound            A file that can be analysed.
 * @property {string} name            of the file
 * @property {number} rate            of its samples: that of the model, Hz
 * @property {number} fileRate        stored rate, Hz; 0 if it is not known
 * @property {number} channels
 * @property {number} durationSeconds
 * @property {?Float32Array} samples  all samples; null of a sound that is read piece by piece (a WAV file above ten minutes)
 * @property {string} method          "wav", "own_resampler" or "browser_resampler": who brought it to the model's rate
 * @property {import('./notes.js').Heard} heard  what was met while it was read, for the notes
 * @property {() => AsyncGenerator<Float32Array>} blocks  its samples from the beginning, piece by piece
 * @property {(points: number, options?: {signal?: AbortSignal}) => Promise<Float32Array>} peaks
 *     greatest absolute sample in each of `points` equal parts: the waveform's outline
 *
 * @typedef {object} Clip             The answer for a sound.
 * @property {Facts} facts            of the model
 * @property {string} file            name of the file
 * @property {number} durationSeconds
 * @property {number[]} startSeconds  of each window
 * @property {number[]} endSeconds    of each window; not past the end of the clip
 * @property {number[][]} probabilities  [windows][classes]
 * @property {boolean[]} silent       which windows are
 * @property {Note[]} notes
 * @property {{labels: string[], probabilities: number[], notes: Note[]}} clip
 *     codes of the classes that the clip is named after; mean over the windows that are not silent
 *
 * @typedef {object} Model
 * @property {Facts} facts
 * @property {(sound: Sound|Float32Array, options?: AnalyseOptions) => Promise<Clip>} analyse
 *     a Float32Array holds mono samples at facts.sampleRate. Rejects with an AbortError when the signal fires.
 * @property {(window: Float32Array) => Promise<number[]>} classifyWindow  probabilities of one window
 * @property {() => void} close       ends the worker
 *
 * @typedef {object} AnalyseOptions
 * @property {(startSeconds: number, probabilities: number[], silent: boolean) => void} [onWindow]
 * @property {(part: number) => void} [onProgress]  0 to 1
 * @property {AbortSignal} [signal]
 *
 * @typedef {object} Microphone
 * @property {{echoCancellation: ?boolean, noiseSuppression: ?boolean, autoGainControl: ?boolean, sampleRate: number}} settings
 *     as the browser reads them back; null is unknown, not off
 * @property {string[]} warnings      sentences: processing that stayed on, no wake lock
 * @property {import('./wav_writing.js').WavRecording} recording  what it hears, at the device's own rate
 * @property {() => Promise<Clip>} stop  ends it; the answer for all that was heard
 *
 * @typedef {object} LiveWindow
 * @property {number} startSeconds
 * @property {number[]} probabilities  of the window
 * @property {number[]} smoothed       exponentially, over two seconds; silence leaves it as it was
 * @property {boolean} silent
 */

export {};
