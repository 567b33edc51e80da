// SPDX-License-Identifier: BSD-3-Clause
// run.mjs FILE: runs a module that prints.
import { readFileSync } from 'node:fs';

let memory;
const imports = {
  fd_write(file, pieces, count, written) {
    const view = new DataView(memory.buffer);
    let all = 0;
    for (let i = 0; i < count; ++i) {
      const at = view.getUint32(pieces + 8 * i, true), length = view.getUint32(pieces + 8 * i + 4, true);
      process.stdout.write(new Uint8Array(memory.buffer, at, length));
      all += length;
    }
    view.setUint32(written, all, true);
    return 0;
  },
  proc_exit(code) { process.exit(code); },
};
const nothing = new Proxy(imports, { get: (all, name) => all[name] ?? (() => 0) });
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]),
                                                   { env: nothing, wasi_snapshot_preview1: nothing });
memory = instance.exports.memory;
instance.exports._start();
