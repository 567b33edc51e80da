// SPDX-License-Identifier: BSD-3-Clause
// build.mjs: one page, index.html, from build/engine.cjs, build/engine.wasm, the names and src/.
import { build } from 'esbuild';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const packed = (file) => JSON.stringify(gzipSync(readFileSync(file), { level: 9 }).toString('base64'));
const bundled = async (entry, define = {}) => {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    loader: { '.css': 'text' },
    define,
    legalComments: 'eof',
  });
  return result.outputFiles[0].text;
};
const worker = await bundled('src/worker.ts');
const page = await bundled('src/page.ts', {
  WASM: packed('build/engine.wasm'),
  NAMES: packed('../data/names.txt'),
  WORKER: JSON.stringify(worker),
});
const licence = readFileSync('node_modules/uplot/LICENSE', 'utf8').replaceAll('*/', '* /');
const html = readFileSync('src/index.html', 'utf8')
  .replace('/*CSS*/', () => readFileSync('src/page.css', 'utf8'))
  .replace('/*SCRIPT*/', () => `/* uPlot:\n${licence}*/\n${page.replaceAll('</script', '<\\/script')}`);
writeFileSync('build/index.html', html);
console.log(`build/index.html: ${statSync('build/index.html').size} bytes`);
