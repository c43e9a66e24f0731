/**
 * Keeps the page's files, so that it works without a network after the first visit, and all of them of one version.
 * `irmas export-page` fills in the version and the files with their checksums.
 */

const VERSION = '@VERSION@';
const FILES = {/* path: integrity */};

const PREFIX = 'irmas-page:';
const SCOPE = new URL('./', self.location).href;
const CACHE = `${PREFIX}${SCOPE}:${VERSION}`;
// A function of one relaxed SIMD instruction: which of LiteRT.js's two modules this browser runs.
const RELAXED_SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11];

function wanted(path) {
  if (!path.startsWith('litert/litert_wasm')) return true;
  const isRelaxed = WebAssembly.validate(new Uint8Array(RELAXED_SIMD));
  return path.includes('_compat_') !== isRelaxed;
}

async function keep() {
  const cache = await caches.open(CACHE);
  const paths = Object.keys(FILES).filter(wanted);
  // A file of another version, from a cache on the way, has another checksum: then nothing is kept, and the next visit tries again.
  await cache.addAll(paths.map((path) => new Request(new URL(path, SCOPE), {cache: 'no-cache', integrity: FILES[path]})));
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(`${PREFIX}${SCOPE}:`) && name !== CACHE).map((name) => caches.delete(name)));
}

async function answer(request) {
  const url = new URL(request.url);
  const isPage = url.href.split(/[?#]/)[0] === SCOPE;
  const cache = await caches.open(CACHE);
  const kept = await cache.match(isPage ? new URL('index.html', SCOPE) : request, {ignoreSearch: true});
  return kept ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET' && event.request.url.startsWith(SCOPE)) event.respondWith(answer(event.request));
});
