// SPDX-License-Identifier: BSD-3-Clause
/// Trains by ctnn, away from the page, which so never waits.
import createEngine from '../build/engine.cjs';
import { FromWorker, Look, nonlinearities, norms, Settings, ToWorker, Verdict } from './messages';

type Engine = Awaited<ReturnType<typeof createEngine>>;

const chunk = 50; // steps between two looks at the clock, each a point of the curve
let engine: Engine;
let losses = 0,
  path = 0;
let running = false,
  until = Infinity,
  lookEvery = 100,
  drawn = 0;

const post = (message: FromWorker, transfer: Transferable[] = []) =>
  self.postMessage(message, { transfer });

/// What the engine answers; what went wrong begins with "!".
function answer(at: number): string {
  const text = engine.UTF8ToString(at);
  if (text.startsWith('!')) throw new Error(text.slice(1));
  return text;
}

function pathOf(name: string): number {
  const bytes = new TextEncoder().encode(`${name}\0`);
  engine.HEAPU8.set(bytes, path);
  return path;
}

async function open(wasm: ArrayBuffer, names: ArrayBuffer) {
  engine = await createEngine({ wasmBinary: wasm });
  losses = engine._malloc(4 * chunk);
  path = engine._malloc(64);
  engine.FS.writeFile('/names.txt', new Uint8Array(names));
  answer(engine._live_read(pathOf('/names.txt')));
  post({ kind: 'opened' });
}

function start(s: Settings) {
  running = false;
  const said = answer(
    engine._live_start(
      s.seed,
      s.depth,
      norms.indexOf(s.norm),
      nonlinearities.indexOf(s.nonlinearity),
      s.firstScale,
      s.gain,
      s.lastScale,
      s.rate,
      s.decayAt,
    ),
  );
  const { verdicts } = JSON.parse(said) as { verdicts: Verdict[] };
  drawn = 0;
  post({ kind: 'started', network: answer(engine._live_network()), verdicts });
}

function look() {
  post({ kind: 'look', look: JSON.parse(answer(engine._live_look())) as Look });
}

function names() {
  const seed = 1000 + drawn++;
  const of = (batch: number) =>
    answer(engine._live_names(10, batch, seed))
      .split('\n')
      .filter((n) => n !== '');
  post({ kind: 'names', running: of(0), batch: of(1) });
}

function pause() {
  running = false;
  post({ kind: 'paused', step: engine._live_step_count(), validation: engine._live_validation() });
}

let lastLook = 0;
/// Steps for a while, then lets messages in.
function go() {
  if (!running) return;
  const from = performance.now(),
    steps: number[] = [],
    means: number[] = [];
  let done = 0,
    over = false;
  while (performance.now() - from < 40 && !over) {
    const step = engine._live_step_count();
    const most = Math.min(chunk, until - step);
    if (most <= 0) {
      over = true;
      break;
    }
    const n = engine._live_steps(most, losses);
    let sum = 0;
    for (let i = 0; i < n; ++i) sum += engine.HEAPF32[losses / 4 + i] ?? NaN;
    steps.push(step + n);
    means.push(sum / n);
    done += n;
    over = n < most || !Number.isFinite(sum);
  }
  const step = engine._live_step_count();
  if (done > 0)
    post({
      kind: 'losses',
      step,
      steps,
      losses: means,
      perSecond: (1000 * done) / (performance.now() - from),
    });
  if (performance.now() - lastLook > lookEvery && !over) {
    look();
    if (drawn === 0 || step / 2000 > drawn) names();
    lastLook = performance.now();
  }
  if (over) {
    names();
    pause();
  } else setTimeout(go);
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  try {
    switch (data.kind) {
      case 'open':
        lookEvery = data.lookEvery;
        await open(data.wasm, data.names);
        break;
      case 'start':
        start(data.settings);
        break;
      case 'run':
        until = data.until;
        if (!running) {
          running = true;
          go();
        }
        break;
      case 'pause':
        if (running) {
          look();
          names();
        }
        pause();
        break;
      case 'step':
        running = false;
        look();
        pause();
        break;
      case 'names':
        names();
        break;
      case 'save': {
        answer(engine._live_save(pathOf('/saved')));
        const bytes = engine.FS.readFile('/saved').slice().buffer as ArrayBuffer;
        post({ kind: 'saved', bytes }, [bytes]);
        break;
      }
      case 'load':
        running = false;
        engine.FS.writeFile('/loaded', new Uint8Array(data.bytes));
        answer(engine._live_load(pathOf('/loaded')));
        post({ kind: 'loaded', step: engine._live_step_count(), network: answer(engine._live_network()) });
        break;
    }
  } catch (error) {
    running = false;
    post({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
  }
};
