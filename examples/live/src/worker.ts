// SPDX-License-Identifier: BSD-3-Clause
/// Trains by ctnn, away from the page, which so never waits.
import createEngine from '../build/engine.cjs';
import { FromWorker, Look, nonlinearities, norms, Settings, ToWorker, Verdict } from './messages';

type Engine = Awaited<ReturnType<typeof createEngine>>;

const chunk = 50; // steps between two looks at the clock, each a point of the curve
let engine: Engine;
let losses = 0,
  path = 0;
let run = 0,
  isRunning = false,
  until = Infinity,
  lookEvery = 100,
  lastLook = 0,
  drawn = 0,
  timer: ReturnType<typeof setTimeout> | undefined;

type Said = FromWorker extends infer M ? (M extends { run: number } ? Omit<M, 'run'> : never) : never;
const post = (message: Said, transfer: Transferable[] = []) =>
  self.postMessage({ run, ...message }, { transfer });

/// What the engine answers; what went wrong begins with "!".
function answer(at: number): string {
  const text = engine.UTF8ToString(at);
  if (text.startsWith('!')) throw new Error(text.slice(1));
  return text;
}

function pathOf(name: string): number {
  engine.HEAPU8.set(new TextEncoder().encode(`${name}\0`), path);
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

function setRunning(now: boolean) {
  clearTimeout(timer);
  isRunning = now;
  post({ kind: 'running', now });
}

function start(s: Settings) {
  setRunning(false);
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
  look(true); // so that there is something to see before the first click
}

function look(alone: boolean) {
  post({ kind: 'look', look: JSON.parse(answer(engine._live_look())) as Look, alone });
}

function names() {
  const seed = 1000 + drawn++;
  const of = (batch: number) =>
    answer(engine._live_names(10, batch, seed))
      .split('\n')
      .filter((name) => name !== '');
  post({ kind: 'names', running: of(0), batch: of(1) });
}

function validate() {
  const loss = engine._live_validation();
  answer(engine._live_answer());
  post({ kind: 'validated', step: engine._live_step_count(), loss });
}

/// Steps for a while, then lets messages in.
function go() {
  const from = performance.now(),
    steps: number[] = [],
    means: number[] = [];
  let done = 0,
    isOver = false,
    isFinite = true;
  while (performance.now() - from < 40 && !isOver) {
    const step = engine._live_step_count();
    const most = Math.min(chunk, until - step);
    if (most <= 0) break;
    const n = engine._live_steps(most, losses);
    if (n < 0) answer(engine._live_answer());
    let sum = 0;
    for (let i = 0; i < n; ++i) sum += engine.HEAPF32[losses / 4 + i] ?? NaN;
    steps.push(step + n);
    means.push(sum / n);
    done += n;
    isFinite = Number.isFinite(sum);
    isOver = !isFinite || step + n >= until;
  }
  const step = engine._live_step_count();
  isOver ||= step >= until;
  if (done > 0) {
    const perSecond = (1000 * done) / (performance.now() - from);
    post({ kind: 'losses', step, steps, losses: means, perSecond });
  }
  if (!isFinite)
    throw new Error(
      `The loss is no number any more after ${step} steps: try smaller weights, or a smaller learning rate.`,
    );
  if (performance.now() - lastLook > lookEvery && !isOver) {
    look(false);
    if (drawn === 0 || step / 2000 > drawn) names();
    lastLook = performance.now();
  }
  if (!isOver) {
    timer = setTimeout(() => guarded(go));
    return;
  }
  setRunning(false);
  names();
  validate();
}

async function handle(data: ToWorker) {
  switch (data.kind) {
    case 'open':
      lookEvery = data.lookEvery;
      await open(data.wasm, data.names);
      break;
    case 'start':
      run = data.run;
      start(data.settings);
      break;
    case 'go':
      until = data.until;
      if (isRunning) break;
      setRunning(true);
      go();
      break;
    case 'pause':
      setRunning(false);
      names();
      validate();
      break;
    case 'step':
      setRunning(false);
      look(true);
      validate();
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
    case 'load': {
      setRunning(false);
      engine.FS.writeFile('/loaded', new Uint8Array(data.bytes));
      try {
        answer(engine._live_load(pathOf('/loaded')));
      } catch (error) {
        post({ kind: 'refused', text: textOf(error) });
        break;
      }
      run = data.run;
      const pace = JSON.parse(answer(engine._live_pace())) as { rate: number; decayAt: number };
      const step = engine._live_step_count();
      post({ kind: 'loaded', step, network: answer(engine._live_network()), ...pace });
      look(true);
      names();
      validate();
      break;
    }
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/// f(), or what went wrong.
async function guarded(f: () => void | Promise<void>) {
  try {
    await f();
  } catch (error) {
    setRunning(false);
    post({ kind: 'failed', text: textOf(error) });
  }
}
self.onmessage = ({ data }: MessageEvent<ToWorker>) => guarded(() => handle(data));
