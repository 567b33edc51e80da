// SPDX-License-Identifier: BSD-3-Clause
// page.mjs [SCREENSHOTS]: drives build/index.html from disk in Chromium.
import { chromium } from 'playwright-core';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const page_url = `file://${join(here, '../build/index.html')}`;
const shots = process.argv[2];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
let failures = 0;
const check = (is, what) => {
  console.log(`${is ? 'ok    ' : 'FAILED'} ${what}`);
  if (!is) ++failures;
};

async function opened(options = {}, query = '') {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    acceptDownloads: true,
    ...options,
  });
  const page = await context.newPage();
  page.problems = [];
  page.on('console', (m) => {
    if (m.type() === 'error') page.problems.push(m.text());
  });
  page.on('pageerror', (e) => page.problems.push(String(e)));
  await page.goto(page_url + query);
  await page.waitForFunction(() => document.querySelector('#state').textContent.startsWith('Step'), null, {
    timeout: 30000,
  });
  return page;
}
const state = (page) => page.textContent('#state');
const lossAt = (page) => page.getAttribute('#loss .chart', 'aria-label');

// Every stop of the walk changes what it should.
const page = await opened();
const stops = await page.$$eval('#walk button', (all) => all.map((b) => b.dataset.stop));
check(stops.length === 8, 'eight stops');
const told = new Set(),
  controls = new Set();
for (const stop of stops) {
  await page.click(`[data-stop="${stop}"]`);
  await page.waitForTimeout(400);
  told.add(await page.textContent('#told'));
  controls.add(
    await page.$$eval('#controls input, #controls select', (all) => all.map((x) => x.value).join()),
  );
  if (!shots) continue;
  mkdirSync(shots, { recursive: true });
  await page.click('#run');
  await page.waitForTimeout(1500);
  await page.click('#run');
  await page.waitForTimeout(300);
  for (const scheme of ['light', 'dark'])
    for (const width of [1280, 390]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(500);
      await page.click('#one');
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(shots, `${stop}-${width}-${scheme}.png`), fullPage: true });
    }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
}
const stages = await page.$$eval('#stages button', (all) => all.map((b) => b.textContent));
const of_stages = new Set();
for (const stage of stages) {
  await page.click(`#stages button:text-is("${stage}")`);
  await page.waitForTimeout(200);
  of_stages.add(
    await page.$$eval('#controls input, #controls select', (all) => all.map((x) => x.value).join()),
  );
  check(
    (await page.getAttribute(`#stages button:text-is("${stage}")`, 'aria-pressed')) === 'true',
    `stage ${stage}`,
  );
}
check(of_stages.size === 7, 'seven stages, each with controls of its own');
check(told.size === 8, 'each stop says something else');
check(controls.size === 7, 'each stop sets other controls, but the two on BatchNorm');

// Each control changes the network.
await page.click('[data-stop="batchnorm"]');
await page.waitForTimeout(300);
for (const [name, value] of [
  ['norm', 'none'],
  ['nonlinearity', 'relu'],
  ['depth', '3'],
  ['firstScale', '2'],
  ['gain', '0.5'],
  ['lastScale', '0.5'],
  ['rate', '0.2'],
  ['seed', '7'],
  ['decayAt', '1'],
  ['norm', 'layer'],
]) {
  const before = `${await state(page)}${await lossAt(page)}`;
  const field = page.locator(`[name=${name}]`);
  if ((await field.evaluate((e) => e.tagName)) === 'SELECT') await field.selectOption(value);
  else {
    await field.fill(value);
    await field.dispatchEvent('change');
  }
  await page.click('#one');
  await page.click('#one');
  await page.waitForTimeout(500);
  check(`${await state(page)}${await lossAt(page)}` !== before, `${name} changes what is seen`);
}

// Speed, and that nothing waits.
await page.click('[data-stop="kaiming"]');
await page.waitForTimeout(500);
await page.evaluate(() => {
  window.frames_seen = [];
  let last = performance.now();
  const tick = (now) => {
    window.frames_seen.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  window.long = 0;
  new PerformanceObserver((l) =>
    l.getEntries().forEach((e) => {
      window.long = Math.max(window.long, e.duration);
    }),
  ).observe({ type: 'longtask' });
});
await page.click('#run');
await page.waitForTimeout(6000);
const seen = await state(page);
const frames = await page.evaluate(() => window.frames_seen.slice(5).sort((a, b) => a - b));
console.log(
  `       ${seen}; frames: median ${frames[frames.length >> 1].toFixed(1)} ms, 95 % ${frames[
    Math.floor(frames.length * 0.95)
  ].toFixed(1)} ms; longest task ${await page.evaluate(() => window.long)} ms`,
);
check(
  +seen.match(/([\d,]+) steps a second/)[1].replaceAll(',', '') >= 3000,
  'at least 3,000 steps a second',
);
await page.click('#run');

// A unit is named by a click and by keys.
await page.click('[data-stop="dead"]');
await page.waitForTimeout(600);
await page.click('#map canvas', { position: { x: 50, y: 50 } });
check(/^Unit \d+ is at an end for \d+ of 32/.test(await page.textContent('#unit')), 'a click names a unit');
const first = await page.textContent('#unit');
await page.press('#map canvas', 'ArrowRight');
check((await page.textContent('#unit')) !== first, 'and an arrow the next');

// A checkpoint is saved, and goes on with the same losses.
const until = async (steps) => {
  const p = await opened({}, `?until=${steps}`);
  await p.click('[data-stop="batchnorm"]');
  await p.waitForTimeout(300);
  await p.click('#run');
  const reached = `Step ${steps.toLocaleString('en')}, validation`;
  await p.waitForFunction((t) => document.querySelector('#state').textContent.startsWith(t), reached, {
    timeout: 120000,
  });
  return p;
};
const long = await until(3000);
const [download] = await Promise.all([long.waitForEvent('download'), long.click('#save')]);
const file = join('/tmp', 'ctnn-live-test.ckpt');
await download.saveAs(file);
check(readFileSync(file).length > 40000, 'a checkpoint is saved');
const other = await opened();
await other.click('[data-stop="batchnorm"]');
await other.waitForTimeout(300);
await other.setInputFiles('#load', file);
await other.waitForFunction(
  () => document.querySelector('#state').textContent.startsWith('Step 3,001'),
  null,
  { timeout: 20000 },
);
check(true, 'and is loaded where it was');
await other.click('[data-stop="loss"]');
await other.waitForTimeout(300);
await other.setInputFiles('#load', file);
await other.waitForFunction(() => document.querySelector('#problem').textContent !== '', null, {
  timeout: 20000,
});
check(
  (await other.textContent('#problem')).includes('[ctnn.load]'),
  'another network refuses it, in words',
);

// The native trainer's numbers and files: MAKEMORE=.../makemore.
if (process.env.MAKEMORE) {
  const folder = mkdtempSync(join(tmpdir(), 'ctnn-live-')),
    ours = join(folder, 'ours.ckpt');
  const train = (...more) =>
    execFileSync(process.env.MAKEMORE, ['train', '--samples', '0', ...more], { encoding: 'utf8' });
  const evalLoss = (text) => +/validation (\d+\.\d+)/.exec(text)[1];
  const native = join(folder, 'native.ckpt'),
    said = train('--steps', '10000', '--checkpoint', native);
  const same = await until(10000);
  const here = +/validation loss ([\d.]+)/.exec(await state(same))[1];
  console.log(
    `       validation loss of 10,000 steps: ${here} here, ${evalLoss(said)} of the native trainer`,
  );
  check(Math.abs(here - evalLoss(said)) < 1e-3, '10,000 steps have the native loss');
  const more = await opened({}, '?until=11000');
  await more.click('[data-stop="batchnorm"]');
  await more.waitForTimeout(300);
  await more.setInputFiles('#load', native);
  await more.waitForFunction(
    () => document.querySelector('#state').textContent.startsWith('Step 10,001, validation'),
    null,
    { timeout: 20000 },
  );
  await more.click('#run');
  await more.waitForFunction(
    () => document.querySelector('#state').textContent.startsWith('Step 11,000, validation'),
    null,
    { timeout: 60000 },
  );
  const [saved] = await Promise.all([more.waitForEvent('download'), more.click('#save')]);
  await saved.saveAs(ours);
  const there = +/validation loss ([\d.]+)/.exec(await state(more))[1];
  const resumed = train('--steps', '11000', '--resume', ours);
  console.log(
    `       of 11,000, the last 1,000 in the page: ${there}; resumed by the native trainer: ${evalLoss(resumed)}`,
  );
  check(Math.abs(there - evalLoss(resumed)) < 1e-3, 'the native trainer goes on from the page');
}

// Accessibility.
const axe = readFileSync(join(here, '../node_modules/axe-core/axe.min.js'), 'utf8');
for (const [width, scheme] of [
  [1280, 'light'],
  [390, 'dark'],
]) {
  const p = await opened({ viewport: { width, height: 900 }, colorScheme: scheme });
  await p.click('#run');
  await p.waitForTimeout(1500);
  await p.click('#run');
  await p.waitForTimeout(500);
  await p.evaluate(axe);
  const result = await p.evaluate(() => window.axe.run());
  for (const v of result.violations)
    console.log(
      `       ${v.id}: ${v.help}; ${v.nodes
        .slice(0, 3)
        .map((n) => n.target)
        .join(' | ')}`,
    );
  check(result.violations.length === 0, `axe finds nothing at ${width}, ${scheme}`);
  check(
    await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    `nothing is wider than ${width}`,
  );
  check(p.problems.length === 0, `no error on the console: ${p.problems.join()}`);
}
for (const p of [page, long, other])
  check(p.problems.length === 0, `no error on the console: ${p.problems.join()}`);
await browser.close();
process.exit(failures ? 1 : 0);
