// SPDX-License-Identifier: BSD-3-Clause
/// The page: controls, the walk, and pictures that move while a worker trains.
import uplotStyle from 'uplot/dist/uPlot.min.css';
import { Lines, onOneAxis } from './charts';
import { FromWorker, Look, Settings, ToWorker, Verdict } from './messages';
import { stages, Stop, stops, usual } from './stops';

// put in by build.mjs: gzip in base64, and a script
declare const WASM: string, NAMES: string, WORKER: string;

const $ = <E extends Element = HTMLElement>(selector: string) => document.querySelector<E>(selector)!;
const form = $<HTMLFormElement>('#controls');
const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;

const style = document.createElement('style');
style.textContent = uplotStyle;
document.head.append(style);

const pictures = {
  loss: new Lines($('#loss .chart'), {
    x: 'step',
    log: true,
    level: Math.log(27),
    levelName: '-log(1/27)',
  }),
  activations: new Lines($('#activations .chart'), { x: 'activation' }),
  gradients: new Lines($('#gradients .chart'), { x: 'gradient' }),
  weights: new Lines($('#weight-gradients .chart'), { x: 'gradient' }),
  updates: new Lines($('#updates .chart'), { x: 'step', level: -3, levelName: '-3' }),
  running: new Lines($('#running .chart'), { x: 'running mean', diagonal: true }),
};

/// A long series with at most 1,200 points: when it is full every other one goes, and from then on only
/// every other one comes.
class Series {
  steps: number[] = [];
  values: (number | null)[][] = [];
  private stride = 1;
  private skipped = 0;
  add(step: number, values: (number | null)[]) {
    if (++this.skipped < this.stride) return;
    this.skipped = 0;
    this.steps.push(step);
    values.forEach((v, i) => (this.values[i] ??= []).push(v));
    if (this.steps.length < 1200) return;
    const keep = (_: unknown, i: number) => i % 2 === 0;
    this.steps = this.steps.filter(keep);
    this.values = this.values.map((v) => v.filter(keep));
    this.stride *= 2;
  }
}

let worker: Worker,
  run = 0,
  settings: Settings = { ...usual },
  isRunning = false,
  isOpen = false;
let loss = new Series(),
  updates = new Series(),
  last: Look | undefined,
  unit = -1,
  firstWords: Verdict[] = [],
  lastDrawn = 0;

const send = (message: ToWorker, transfer: Transferable[] = []) => worker.postMessage(message, transfer);

// Drawing: one picture in a frame, so that no frame is long.
const due = new Map<string, () => void>();
let isDrawing = false;
function draw(name: string, f: () => void) {
  due.set(name, f);
  if (isDrawing) return;
  isDrawing = true;
  const next = () => {
    const first = due.entries().next().value;
    if (!first) {
      isDrawing = false;
      return;
    }
    due.delete(first[0]);
    first[1]();
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

const short = (x: number | null | undefined) =>
  x === null || x === undefined ? 'not finite' : String(+x.toPrecision(3));

function drawLoss() {
  const values = loss.values[0] ?? [],
    now = values.at(-1);
  pictures.loss.show(
    ['loss'],
    [loss.steps, values.map((v) => (v && v > 0 ? v : null))],
    `The loss is ${short(now)} at step ${loss.steps.at(-1) ?? 0}; a network that knows nothing has 3.30.`,
  );
}

function drawHistograms(
  name: 'activations' | 'gradients' | 'weights',
  titles: string[],
  all: Look['layers'][0]['outputs'][],
  text: string,
) {
  pictures[name].show(titles, onOneAxis(all), text);
}

/// `isAsked`: by a click or a key; only then the unit is read out.
function drawMap(isAsked = false) {
  const layers = last?.layers.filter((l) => l.map !== undefined) ?? [],
    choice = $<HTMLSelectElement>('#map-layer');
  if ([...choice.options].map((o) => o.text).join() !== layers.map((l) => l.name).join()) {
    choice.replaceChildren(...layers.map((l, i) => new Option(l.name, String(i))));
    unit = -1;
    $('#unit').textContent = '';
  }
  const canvas = $<HTMLCanvasElement>('#map canvas'),
    layer = layers[Math.max(0, choice.selectedIndex)];
  if (!layer) {
    $('#map-text').textContent = 'This nonlinearity has no ends.';
    canvas.width = canvas.height = 1;
    canvas.setAttribute('aria-valuetext', 'no units');
    return;
  }
  const bits = layer.map!,
    units = layer.units,
    rows = bits.length / units,
    dead = new Set(layer.dead);
  canvas.width = units;
  canvas.height = rows;
  const context = canvas.getContext('2d')!,
    image = context.createImageData(units, rows);
  const rgb = (hex: string) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const of = (name: string) =>
    rgb(getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  const bright = of('--bright'),
    dark = of('--dark'),
    gone = of('--bad');
  for (let i = 0; i < bits.length; ++i) {
    const c = bits[i] === '1' ? (dead.has(i % units) ? gone : bright) : dark;
    image.data.set([c[0]!, c[1]!, c[2]!, unit < 0 || i % units === unit ? 255 : 200], 4 * i);
  }
  context.putImageData(image, 0, 0);
  const ones = [...bits].filter((b) => b === '1').length,
    named = [...dead].slice(0, 12).join(', ') + (dead.size > 12 ? ', ...' : '');
  $('#map-text').textContent =
    `Layer ${layer.name}: ${short((100 * ones) / bits.length)} % at an end, ` +
    `${dead.size} of ${units} units dead${dead.size > 0 ? `: ${named}` : ''}.`;
  canvas.setAttribute('aria-valuemax', String(units - 1));
  canvas.setAttribute('aria-valuenow', String(Math.max(0, unit)));
  if (unit < 0) {
    canvas.setAttribute('aria-valuetext', 'no unit chosen');
    return;
  }
  let at = 0;
  for (let r = 0; r < rows; ++r) at += bits[r * units + unit] === '1' ? 1 : 0;
  const isDead = dead.has(unit) ? ': it is dead.' : '.';
  const text = `Unit ${unit} is at an end for ${at} of ${rows} names${isDead}`;
  canvas.setAttribute('aria-valuetext', text);
  if (isAsked) $('#unit').textContent = text;
}

function drawRunning(look: Look) {
  const box = $('#running');
  box.hidden = !look.batchMean;
  const { batchMean, batchStd, runningMean, runningStd } = look;
  if (!batchMean || !batchStd || !runningMean || !runningStd) return;
  const points = [
    ...runningMean.map((x, i) => ({ x, mean: batchMean[i]!, spread: null })),
    ...runningStd.map((x, i) => ({ x, mean: null, spread: batchStd[i]! })),
  ].sort((a, b) => a.x - b.x);
  const off = (kept: number[], now: number[]) =>
    short(kept.reduce((sum, x, i) => sum + Math.abs(x - now[i]!), 0) / kept.length);
  pictures.running.show(
    ['means', 'spreads'],
    [points.map((p) => p.x), points.map((p) => p.mean), points.map((p) => p.spread)],
    `The batch differs from what is kept by ${off(runningMean, batchMean)} in a mean on average, ` +
      `and by ${off(runningStd, batchStd)} in a spread.`,
  );
}

function drawLetters(points: number[]) {
  const svg = $<SVGElement>('#embedding svg'),
    letters = '.abcdefghijklmnopqrstuvwxyz';
  const far = Math.max(...points.map(Math.abs)) || 1;
  if (svg.childElementCount === 0)
    for (const letter of letters) {
      const text = document.createElementNS('http://www.w3.org/2000/svg', 'text');
      text.textContent = letter;
      if ('aeiou'.includes(letter)) text.setAttribute('class', 'vowel');
      svg.append(text);
    }
  [...svg.children].forEach((text, i) => {
    text.setAttribute('x', String(150 + (135 * (points[2 * i] ?? 0)) / far));
    text.setAttribute('y', String(154 - (135 * (points[2 * i + 1] ?? 0)) / far));
  });
  svg.setAttribute(
    'aria-label',
    'The 26 letters and the end of a name as points of a plane; vowels are red.',
  );
}

/// Only what has changed, so that nothing is read out twice. What was said of the first loss stays.
function showVerdicts(now: Verdict[]) {
  const list = $('#verdicts'),
    there = new Map([...list.children].map((li) => [(li as HTMLElement).dataset['key'], li])),
    count = new Map<string, number>();
  const items = [...firstWords, ...now].map((v) => {
    const same = `${v.sound}${v.subject}`,
      n = count.get(same) ?? 0,
      key = `${same}${n}`;
    count.set(same, n + 1);
    const li = (there.get(key) as HTMLElement | undefined) ?? document.createElement('li');
    if (!li.dataset['key']) {
      li.dataset['key'] = key;
      li.className = v.sound ? '' : 'bad';
      li.innerHTML = '<span></span> <i></i>';
    }
    const [text, advice] = li.children as unknown as [HTMLElement, HTMLElement];
    if (text.textContent !== v.text) text.textContent = v.text;
    if (advice.textContent !== v.advice) advice.textContent = v.advice;
    return li;
  });
  if (items.length !== list.children.length || items.some((li, i) => list.children[i] !== li))
    list.replaceChildren(...items);
}

function showLook(look: Look) {
  last = look;
  const layers = look.layers.map((l) => l.name),
    weights = look.weights.map((w) => w.name);
  updates.add(
    look.step,
    look.weights.map((w) => w.update),
  );
  draw('activations', () =>
    drawHistograms(
      'activations',
      layers,
      look.layers.map((l) => l.outputs),
      look.layers.map((l) => `Layer ${l.name}: mean ${short(l.mean)}, spread ${short(l.std)}.`).join(' '),
    ),
  );
  draw('gradients', () =>
    drawHistograms(
      'gradients',
      layers,
      look.layers.map((l) => l.gradients),
      look.layers.map((l) => `Layer ${l.name}: spread of the gradient ${short(l.gradientStd)}.`).join(' '),
    ),
  );
  draw('weights', () =>
    drawHistograms(
      'weights',
      weights,
      look.weights.map((w) => w.gradients),
      look.weights.map((w) => `${w.name}: gradient to data ${short(w.gradientToData)}.`).join(' '),
    ),
  );
  draw('updates', () =>
    pictures.updates.show(
      weights,
      [updates.steps, ...updates.values],
      look.weights.map((w) => `${w.name}: ${short(w.update)}.`).join(' '),
    ),
  );
  draw('map', () => drawMap());
  draw('running', () => drawRunning(look));
  draw('letters', () => drawLetters(look.embedding));
  draw('verdicts', () => showVerdicts(look.verdicts));
}

function showState(text: string) {
  $('#state').textContent = text;
}
function list(where: string, names: string[]) {
  $(where).replaceChildren(
    ...names.map((n) => Object.assign(document.createElement('li'), { textContent: n })),
  );
}

function receive({ data }: MessageEvent<FromWorker>) {
  if (data.run !== run && data.kind !== 'refused') return; // of another training
  switch (data.kind) {
    case 'opened':
      isOpen = true;
      for (const button of document.querySelectorAll<HTMLButtonElement>('button, #load'))
        button.disabled = false;
      start();
      break;
    case 'started':
      showState(`Step 0. ${data.network}`);
      firstWords = data.verdicts.filter((v) => v.subject === 'the first loss');
      showVerdicts(data.verdicts.filter((v) => v.subject !== 'the first loss'));
      break;
    case 'running':
      isRunning = data.now;
      $('#run').textContent = isRunning ? 'Pause' : 'Start';
      break;
    case 'losses':
      data.steps.forEach((s, i) => loss.add(s, [data.losses[i] ?? null]));
      showState(
        `Step ${data.step.toLocaleString('en')}, loss ${short(data.losses.at(-1))}, ` +
          `${Math.round(data.perSecond).toLocaleString('en')} steps a second`,
      );
      if (isCalm && performance.now() - lastDrawn < 1000) break;
      lastDrawn = performance.now();
      draw('loss', drawLoss);
      break;
    case 'look':
      if (data.alone) loss.add(data.look.step, [data.look.loss]);
      draw('loss', drawLoss);
      showLook(data.look);
      break;
    case 'validated':
      showState(`Step ${data.step.toLocaleString('en')}, validation loss ${data.loss.toFixed(4)}`);
      draw('loss', drawLoss);
      break;
    case 'names':
      list('#names-running', data.running);
      list('#names-batch', data.batch);
      break;
    case 'saved': {
      const link = Object.assign(document.createElement('a'), {
        href: URL.createObjectURL(new Blob([data.bytes])),
        download: 'live.ckpt',
      });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      break;
    }
    case 'loaded':
      loss = new Series();
      updates = new Series();
      firstWords = [];
      settings = { ...settings, rate: data.rate, decayAt: data.decayAt };
      fill(settings);
      showState(`Loaded at step ${data.step.toLocaleString('en')}. ${data.network}`);
      break;
    case 'refused':
      run = data.run;
      $('#problem').textContent = data.text;
      break;
    case 'failed':
      $('#problem').textContent = data.text;
      break;
  }
}

function start() {
  loss = new Series();
  updates = new Series();
  last = undefined;
  unit = -1;
  firstWords = [];
  $('#problem').textContent = '';
  if (isOpen) send({ kind: 'start', run: ++run, settings });
}

function fill(from: Settings) {
  for (const [name, value] of Object.entries(from))
    (form.elements.namedItem(name) as HTMLInputElement).value = String(
      typeof value === 'number' ? +value.toPrecision(12) : value,
    );
}
function read() {
  const value = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).value;
  settings = {
    seed: +value('seed'),
    depth: +value('depth'),
    norm: value('norm') as Settings['norm'],
    nonlinearity: value('nonlinearity') as Settings['nonlinearity'],
    firstScale: +value('firstScale'),
    gain: +value('gain'),
    lastScale: +value('lastScale'),
    rate: +value('rate'),
    decayAt: +value('decayAt'),
  };
}

function set(given: Partial<Settings>) {
  settings = { ...usual, ...given };
  fill(settings);
  mark();
  start();
}
/// Which stop and which stage the controls are at now.
function mark(stop?: Stop) {
  for (const button of document.querySelectorAll<HTMLButtonElement>('#walk button')) {
    if (button.dataset['stop'] === stop?.id) button.setAttribute('aria-current', 'step');
    else button.removeAttribute('aria-current');
  }
  const now = JSON.stringify(settings);
  for (const button of document.querySelectorAll<HTMLButtonElement>('#stages button'))
    button.setAttribute(
      'aria-pressed',
      String(JSON.stringify({ ...usual, ...stages[button.textContent!] }) === now),
    );
}
function choose(stop: Stop) {
  set(stop.settings);
  mark(stop);
  for (const figure of document.querySelectorAll('figure'))
    figure.classList.toggle('focus', figure.id === stop.focus);
  $('#told').textContent = stop.look;
}

stops.forEach((stop, i) => {
  const button = Object.assign(document.createElement('button'), {
    type: 'button',
    textContent: `${i + 1}. ${stop.title}`,
  });
  button.dataset['stop'] = stop.id;
  button.addEventListener('click', () => choose(stop));
  const item = document.createElement('li');
  item.append(button);
  $('#walk').append(item);
});
for (const [name, given] of Object.entries(stages)) {
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: name });
  button.addEventListener('click', () => set(given));
  $('#stages').append(button);
}
for (const figure of document.querySelectorAll('figure'))
  figure.title = figure.querySelector('figcaption')!.textContent!.replace(/\s+/g, ' ').trim();

form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('change', () => {
  if (!form.reportValidity()) return;
  read();
  mark();
  start();
});
$('#run').addEventListener('click', () => {
  $('#problem').textContent = '';
  const until = +(new URLSearchParams(location.search).get('until') ?? Infinity);
  send(isRunning ? { kind: 'pause' } : { kind: 'go', until });
});
$('#one').addEventListener('click', () => send({ kind: 'step' }));
$('#again').addEventListener('click', start);
$('#more-names').addEventListener('click', () => send({ kind: 'names' }));
$('#save').addEventListener('click', () => send({ kind: 'save' }));
const load = async (file: File | undefined) => {
  if (!file) return;
  $('#problem').textContent = '';
  const bytes = await file.arrayBuffer();
  send({ kind: 'load', run: ++run, bytes }, [bytes]);
};
$<HTMLInputElement>('#load').addEventListener('change', (event) => {
  const input = event.target as HTMLInputElement;
  void load(input.files?.[0]).then(() => {
    input.value = '';
  });
});
addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dropping');
});
addEventListener('dragleave', () => document.body.classList.remove('dropping'));
addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dropping');
  void load(event.dataTransfer?.files[0]);
});

$('#map-layer').addEventListener('change', () => {
  unit = -1;
  $('#unit').textContent = '';
  drawMap();
});
const canvas = $<HTMLCanvasElement>('#map canvas');
canvas.addEventListener('click', (event) => {
  unit = Math.min(canvas.width - 1, Math.floor((event.offsetX / canvas.clientWidth) * canvas.width));
  drawMap(true);
});
canvas.addEventListener('keydown', (event) => {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (by) {
    unit = Math.min(canvas.width - 1, Math.max(0, unit + by));
    drawMap(true);
    event.preventDefault();
  } else if (event.key === 'Escape') {
    unit = -1;
    drawMap();
  }
});

async function unpacked(base64: string): Promise<ArrayBuffer> {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Response(
    new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')),
  ).arrayBuffer();
}
worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' })));
worker.onmessage = receive;
worker.onerror = (event) => {
  $('#problem').textContent = event.message;
};
choose(stops[0]!);
for (const button of document.querySelectorAll<HTMLButtonElement>('.buttons button, #load'))
  if (button.closest('#stages') === null) button.disabled = true; // until the engine is there
Promise.all([unpacked(WASM), unpacked(NAMES)])
  .then(([wasm, names]) =>
    send({ kind: 'open', wasm, names, lookEvery: isCalm ? 1000 : 150 }, [wasm, names]),
  )
  .catch((error: unknown) => {
    $('#problem').textContent = `The networks cannot be unpacked here: ${String(error)}`;
  });
