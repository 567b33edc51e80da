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
/// Until the page says so.
const says = (page, start) =>
  page.waitForFunction((text) => document.querySelector('#state').textContent.startsWith(text), start, {
    timeout: 120000,
  });
const begun = (page) => says(page, 'Step 0. ');
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

const put = async (name, value) => {
  const field = page.locator(`[name=${name}]`);
  if ((await field.evaluate((e) => e.tagName)) === 'SELECT') return field.selectOption(value);
  await field.fill(value);
  return field.dispatchEvent('change');
};

// Each control changes the network.
await page.click('[data-stop="batchnorm"]');
await begun(page);
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
  await put(name, value);
  await begun(page);
  await page.click('#one');
  await page.click('#one');
  await says(page, 'Step 3, validation');
  check(`${await state(page)}${await lossAt(page)}` !== before, `${name} changes what is seen`);
}

// Another stop while it trains: nothing of the old training is left, and again it runs.
await page.click('[data-stop="depth"]');
await begun(page);
await page.click('#run');
await page.waitForFunction(() => /steps a second/.test(document.querySelector('#state').textContent));
await page.click('[data-stop="loss"]');
await begun(page);
await page.waitForTimeout(300);
check((await page.textContent('#run')) === 'Start', 'a stop while it trains stops it');
check(/at step 1;/.test(await lossAt(page)), `and its curve begins anew: ${await lossAt(page)}`);
check(
  /The first loss is 2\d/.test(await page.textContent('#verdicts')),
  'what is said of the first loss stays',
);
await page.click('#again');
await begun(page);
await page.click('#run');
await page.waitForFunction(() => /steps a second/.test(document.querySelector('#state').textContent));
check((await page.textContent('#run')) === 'Pause', 'Start at once after Again runs');
await page.click('#run');

// A loss that is no number is said so.
await page.click('[data-stop="depth"]');
await begun(page);
await put('gain', '100');
await put('lastScale', '100');
await put('rate', '1000');
await put('nonlinearity', 'relu');
await begun(page);
await page.click('#run');
await page.waitForFunction(() => document.querySelector('#problem').textContent !== '');
check(
  (await page.textContent('#problem')).includes('no number any more'),
  'a loss that is no number is said so',
);
check((await page.textContent('#run')) === 'Start', 'and it has stopped');

await page.click('#again');
await begun(page);
await page.click('#run'); // which fails at once: the next training must not be taken for the one that did
await page.click('[data-stop="kaiming"]');
await begun(page);
await page.click('#run');
await page.waitForFunction(() => /steps a second/.test(document.querySelector('#state').textContent));
check((await page.textContent('#run')) === 'Pause', 'another training runs after it');

// Speed, and that nothing waits: printed, because it depends on the machine.
await page.click('[data-stop="kaiming"]');
await begun(page);
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
await page.click('#run');
await page.waitForFunction(() => /validation/.test(document.querySelector('#state').textContent));
const steps = +/Step ([\d,]+)/.exec(await state(page))[1].replaceAll(',', '');
const frames = await page.evaluate(() => window.frames_seen.slice(5).sort((a, b) => a - b));
const at = (share) => frames[Math.floor(frames.length * share)].toFixed(1);
console.log(
  `       ${Math.round(steps / 6)} steps a second beside the pictures; frames: median ` +
    `${at(0.5)} ms, 99 % ${at(0.99)} ms; ` +
    `longest task of the page ${await page.evaluate(() => window.long)} ms (0: none above 50)`,
);
check(steps > 600, 'it trains');

// What BatchNorm keeps, beside the batch.
await page.click('[data-stop="mode"]');
await begun(page);
await page.click('#one');
await says(page, 'Step 2, validation');
const kept = await page.getAttribute('#running .chart', 'aria-label');
check(/in a mean.*in a spread/.test(kept), 'means and spreads');

// A unit is named by a click and by keys.
await page.click('[data-stop="dead"]');
await page.waitForTimeout(600);
await page.click('#map canvas', { position: { x: 50, y: 50 } });
check(/^Unit \d+ is at an end for \d+ of 32/.test(await page.textContent('#unit')), 'a click names a unit');
const first = await page.textContent('#unit');
await page.press('#map canvas', 'ArrowRight');
check((await page.textContent('#unit')) !== first, 'and an arrow the next');

// A checkpoint is saved, and goes on with the same losses.
const until = async (steps, stop = 'batchnorm') => {
  const p = await opened({}, `?until=${steps}`);
  await p.click(`[data-stop="${stop}"]`);
  await begun(p);
  await p.click('#run');
  await says(p, `Step ${steps.toLocaleString('en')}, validation`);
  return p;
};
const save = async (p, file) => {
  const [download] = await Promise.all([p.waitForEvent('download'), p.click('#save')]);
  await download.saveAs(file);
};
const load = (p, file) => p.setInputFiles('#load', file);
const validation = async (p) => +/validation loss ([\d.]+)/.exec(await state(p))[1];
const folder = mkdtempSync(join(tmpdir(), 'ctnn-live-')),
  file = join(folder, 'page.ckpt');
const long = await until(3000);
await save(long, file);
check(readFileSync(file).length > 40000, 'a checkpoint is saved');
const straight = await until(4000),
  other = await opened({}, '?until=4000');
await other.click('[data-stop="batchnorm"]');
await begun(other);
await load(other, file);
await says(other, 'Step 3,001, validation');
await other.click('#run');
await says(other, 'Step 4,000, validation');
check(
  (await validation(other)) === (await validation(straight)),
  'and goes on as if there had been no end',
);
await other.click('[data-stop="loss"]');
await begun(other);
await load(other, file);
await other.waitForFunction(() => document.querySelector('#problem').textContent !== '');
check(
  (await other.textContent('#problem')).includes('[ctnn.load]'),
  'another network refuses it, in words',
);
await other.click('#one');
await says(other, 'Step 2, validation');
check(true, 'and goes on as it was');

// The native trainer's numbers and files: MAKEMORE=.../makemore.
if (process.env.MAKEMORE) {
  const train = (...more) =>
    execFileSync(process.env.MAKEMORE, ['train', '--samples', '0', ...more], { encoding: 'utf8' });
  const evalLoss = (text) => +/validation (\d+\.\d+)/.exec(text)[1];
  const native = join(folder, 'native.ckpt'),
    ours = join(folder, 'ours.ckpt');
  const compare = async (stage, steps, ...more) => {
    const p = await opened({}, `?until=${steps}`);
    await p.click(`#stages button:text-is("${stage}")`);
    await begun(p);
    await p.click('#run');
    await says(p, `Step ${steps.toLocaleString('en')}, validation`);
    const here = await validation(p),
      there = evalLoss(train('--stage', stage, '--steps', String(steps), ...more));
    check(Math.abs(here - there) < 1e-3, `${stage}, ${steps} steps: ${here} here, ${there} natively`);
  };
  await compare('batchnorm', 10000, '--checkpoint', native);
  // The first net is so steep that after some hundred steps two instruction sets differ by more.
  await compare('baseline', 100);
  for (const stage of ['calm-output', 'calm-tanh', 'kaiming', 'deep', 'layernorm'])
    await compare(stage, 1000);
  const more = await opened({}, '?until=11000');
  await more.click('[data-stop="batchnorm"]');
  await begun(more);
  await load(more, native);
  await says(more, 'Step 10,001, validation');
  await more.click('#run');
  await says(more, 'Step 11,000, validation');
  await save(more, ours);
  const there = evalLoss(train('--steps', '11000', '--resume', ours));
  check(
    Math.abs((await validation(more)) - there) < 1e-3,
    `10,000 steps natively and 1,000 in the page: ${await validation(more)}, taken up natively ${there}`,
  );
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
for (const p of [page, long, straight, other])
  check(p.problems.length === 0, `no error on the console: ${p.problems.join()}`);
await browser.close();
process.exit(failures ? 1 : 0);
