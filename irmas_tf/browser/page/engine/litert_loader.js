/**
 * What LiteRT.js asks of its package @litertjs/wasm-utils: run its script, make the module, wrap it. `irmas export-page`
 * points the one import of LiteRT.js here, since workers know no import maps.
 */

/**
 * @param {new (module: object, canvas?: object) => object} Library
 * @param {string} script  address of the WebAssembly module's script
 */
export async function createWasmLib(Library, script) {
  self.importScripts(script);
  try {
    // Module is what inference.js put there: the WebAssembly itself.
    return new Library(await self.ModuleFactory(self.Module));
  } finally {
    self.ModuleFactory = self.Module = undefined;
  }
}
