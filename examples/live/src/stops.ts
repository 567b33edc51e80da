// SPDX-License-Identifier: BSD-3-Clause
/// The walk along the lecture: what each stop sets, and what to look at there.
import { Settings } from './messages';

export interface Stop {
  id: string;
  title: string;
  look: string;
  focus: string;
  settings: Partial<Settings>;
}

export const usual: Settings = {
  seed: 2147483647,
  depth: 1,
  norm: 'none',
  nonlinearity: 'tanh',
  firstScale: 1,
  gain: 0,
  lastScale: 1,
  rate: 0.1,
  decayAt: 100000,
};

/// The stages of the lecture, as `makemore stages` names them.
export const stages: Record<string, Partial<Settings>> = {
  baseline: {},
  'calm-output': { lastScale: 0.01 },
  'calm-tanh': { firstScale: 0.2, lastScale: 0.01 },
  kaiming: { gain: 5 / 3, lastScale: 0.01 },
  batchnorm: { norm: 'batch', gain: 5 / 3, lastScale: 0.01 },
  deep: { depth: 5, norm: 'batch', gain: 1, lastScale: 0.1 },
  layernorm: { depth: 5, norm: 'layer', gain: 1, lastScale: 0.1 },
};

export const stops: Stop[] = [
  {
    id: 'loss',
    title: '27, not 3.3',
    focus: 'loss',
    settings: {},
    look:
      'Every weight is a plain normal number. The first loss is near 27, where a network that knows ' +
      'nothing should have 3.3, the broken line: it is sure of wrong answers, and its first steps only ' +
      'shrink the last layer.',
  },
  {
    id: 'saturated',
    title: 'Saturated tanh',
    focus: 'map',
    settings: { lastScale: 0.01 },
    look:
      'The last layer is 100 times smaller, and the first loss is right. But look at the map: most of ' +
      'tanh is at -1 or 1, where its slope is nothing and no gradient goes through.',
  },
  {
    id: 'dead',
    title: 'A dead unit',
    focus: 'map',
    settings: { firstScale: 4, lastScale: 0.01 },
    look:
      'Four times as large the weights kill: a column that is all bright is a unit that is at its end ' +
      'for every sample of the batch. It may never learn again. Click a column, and it is named.',
  },
  {
    id: 'kaiming',
    title: 'Kaiming',
    focus: 'activations',
    settings: { gain: 5 / 3, lastScale: 0.01 },
    look:
      'Weights of gain / sqrt(fan in), with 5/3 for tanh, keep the spread of what comes out near that ' +
      'of what goes in. The hump of the activations is broad now, and only its ends touch -1 and 1.',
  },
  {
    id: 'batchnorm',
    title: 'Batch normalisation',
    focus: 'activations',
    settings: { norm: 'batch', gain: 5 / 3, lastScale: 0.01 },
    look:
      'Each unit is made to have mean 0 and spread 1 over the batch, whatever its weights are. Move ' +
      'the scale of the first weights: without it the training suffers, with it nothing happens.',
  },
  {
    id: 'mode',
    title: 'The mode bug',
    focus: 'names',
    settings: { norm: 'batch', gain: 5 / 3, lastScale: 0.01 },
    look:
      'Names on the left are drawn with running statistics. On the right somebody forgot eval(): each ' +
      'name is normalised by the others of its batch, so what it becomes depends on its neighbours. ' +
      'Every dot of the running statistics should come to lie on the line.',
  },
  {
    id: 'depth',
    title: 'Depth',
    focus: 'gradients',
    settings: { depth: 6, gain: 1, lastScale: 0.1 },
    look:
      'Six layers of tanh with a gain of 1 and no norm: at first activations shrink on the way up and ' +
      'gradients on the way back, layer by layer, until training has mended it. Then set the norm to ' +
      'batch or layer: all layers look alike.',
  },
  {
    id: 'plots',
    title: 'The four plots',
    focus: 'updates',
    settings: { depth: 5, norm: 'batch', gain: 1, lastScale: 0.1 },
    look:
      'Activations, their gradients, the gradients of the weights, and how far a step moves each ' +
      'weight: log10 of update to data. About -3 is a good pace. Change the learning rate and see the ' +
      'lines rise or sink.',
  },
];
