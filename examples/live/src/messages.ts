// SPDX-License-Identifier: BSD-3-Clause
/// What the page and its worker say to each other.

export const norms = ['none', 'batch', 'layer'] as const;
export const nonlinearities = ['tanh', 'relu', 'sigmoid', 'gelu'] as const;

export interface Settings {
  seed: number;
  depth: number;
  norm: (typeof norms)[number];
  nonlinearity: (typeof nonlinearities)[number];
  firstScale: number;
  gain: number; // 0: hidden weights are not divided by the root of fan in
  lastScale: number;
  rate: number;
  decayAt: number;
}

export interface Histogram {
  edges: number[];
  counts: number[];
}
export interface LayerLook {
  name: string;
  units: number;
  mean: number;
  std: number;
  gradientStd: number;
  saturated: number | null;
  outputs: Histogram;
  gradients: Histogram;
  map?: string;
  dead?: number[];
}
export interface WeightLook {
  name: string;
  gradientToData: number;
  update: number | null;
  gradients: Histogram;
}
export interface Verdict {
  sound: number;
  subject: string;
  text: string;
  advice: string;
}
/// What one step shows, as the engine writes it.
export interface Look {
  step: number;
  loss: number;
  layers: LayerLook[];
  weights: WeightLook[];
  embedding: number[];
  batchMean?: number[];
  batchStd?: number[];
  runningMean?: number[];
  runningStd?: number[];
  verdicts: Verdict[];
}

/// Each start and each load begins a run of its own, so that what is still on its way from another is known.
export type ToWorker =
  | { kind: 'open'; wasm: ArrayBuffer; names: ArrayBuffer; lookEvery: number }
  | { kind: 'start'; run: number; settings: Settings }
  | { kind: 'go'; until: number } // a step to pause at; Infinity: none
  | { kind: 'pause' }
  | { kind: 'step' }
  | { kind: 'names' }
  | { kind: 'save' }
  | { kind: 'load'; run: number; bytes: ArrayBuffer };

export type FromWorker = { run: number } & (
  | { kind: 'opened' }
  | { kind: 'started'; network: string; verdicts: Verdict[] }
  | { kind: 'running'; now: boolean }
  | { kind: 'losses'; step: number; steps: number[]; losses: number[]; perSecond: number }
  | { kind: 'look'; look: Look; alone: boolean } // alone: a step that is not part of going on
  | { kind: 'validated'; step: number; loss: number }
  | { kind: 'names'; running: string[]; batch: string[] }
  | { kind: 'saved'; bytes: ArrayBuffer }
  | { kind: 'loaded'; step: number; network: string; rate: number; decayAt: number }
  | { kind: 'refused'; text: string } // a file; the training that there was goes on
  | { kind: 'failed'; text: string }
);
