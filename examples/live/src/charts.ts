// SPDX-License-Identifier: BSD-3-Clause
/// Curves by uPlot, in the colours of the page.
import uPlot from 'uplot';
import { Histogram } from './messages';

const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isDark = () => matchMedia('(prefers-color-scheme: dark)').matches;
/// Colours of up to eight layers that can be told apart, on light and on dark.
const ofLayer = (i: number) =>
  (isDark()
    ? ['#7db7f5', '#f0b455', '#86d29c', '#f59bb0', '#c3a6f7', '#6fd6d2', '#dcdc78', '#cfd3da']
    : ['#0b5fb4', '#b06a00', '#1a6b34', '#b0224f', '#6b3fb8', '#0a7a78', '#6b6b00', '#55585f'])[i % 8]!;

/// A picture of lines that is made anew when its lines are others, and otherwise gets their numbers alone.
export class Lines {
  private plot: uPlot | undefined;
  private names = '';

  constructor(
    private readonly box: HTMLElement,
    private readonly options: {
      x: string;
      log?: boolean;
      level?: number;
      levelName?: string;
      diagonal?: boolean;
    },
  ) {
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(box);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.names = '';
    });
  }

  /// `text` says the same to who does not see it.
  show(names: string[], data: (number | null)[][], text: string) {
    this.box.setAttribute('aria-label', text);
    const { level, diagonal } = this.options;
    const all =
      level !== undefined ? [...data, data[0]!.map(() => level)] : diagonal ? [...data, data[0]!] : data;
    const key = names.join('\n');
    if (this.plot && key === this.names) {
      this.plot.setData(all as uPlot.AlignedData);
      return;
    }
    this.plot?.destroy();
    this.names = key;
    const axis = {
      stroke: colour('--soft'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line') },
      font: '12px system-ui',
    };
    this.plot = new uPlot(
      {
        ...this.size(),
        legend: { live: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: this.options.log ? { distr: 3, log: 10 } : {} },
        axes: [
          { ...axis, size: 32 },
          { ...axis, size: 52 },
        ],
        series: [
          { label: this.options.x },
          ...names.map((label, i) => ({
            label,
            stroke: ofLayer(i),
            width: diagonal ? 0 : 1.6,
            points: diagonal
              ? { show: true, size: 5, fill: ofLayer(i), stroke: ofLayer(i) }
              : { show: false },
          })),
          ...(level === undefined && !diagonal
            ? []
            : [
                {
                  label: this.options.levelName ?? 'the same',
                  stroke: colour('--soft'),
                  dash: [6, 4],
                  width: 1.2,
                  points: { show: false },
                },
              ]),
        ],
      },
      all as uPlot.AlignedData,
      this.box,
    );
  }

  private size() {
    return { width: Math.max(200, this.box.clientWidth), height: 220 };
  }
}

/// Several histograms on one axis, each as the share of its largest bin.
export function onOneAxis(all: Histogram[], bins = 80): number[][] {
  const ends = all.flatMap((h) => [h.edges[0] ?? 0, h.edges.at(-1) ?? 0]).filter(Number.isFinite);
  const low = Math.min(...ends),
    high = Math.max(...ends),
    step = (high - low) / bins || 1;
  const x = Array.from({ length: bins }, (_, i) => low + (i + 0.5) * step);
  return [
    x,
    ...all.map((h) => {
      const first = h.edges[0] ?? 0,
        width = (h.edges[1] ?? 0) - first || 1;
      const total = h.counts.reduce((sum, n) => sum + n, 0) || 1;
      // what falls into a bin of the picture, from those bins of the histogram that lie there in part
      return x.map((at) => {
        let share = 0;
        const from = (at - step / 2 - first) / width,
          to = (at + step / 2 - first) / width;
        for (let b = Math.max(0, Math.floor(from)); b < Math.min(h.counts.length, Math.ceil(to)); ++b)
          share += (h.counts[b] ?? 0) * (Math.min(to, b + 1) - Math.max(from, b));
        return share / total / step;
      });
    }),
  ];
}
