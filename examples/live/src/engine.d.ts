// SPDX-License-Identifier: BSD-3-Clause
declare module '*/engine.cjs' {
  interface Engine {
    HEAPU8: Uint8Array;
    HEAPF32: Float32Array;
    FS: { writeFile(path: string, bytes: Uint8Array): void; readFile(path: string): Uint8Array };
    UTF8ToString(at: number): string;
    _malloc(bytes: number): number;
    _live_read(path: number): number;
    _live_start(
      seed: number,
      depth: number,
      norm: number,
      nonlinearity: number,
      firstScale: number,
      gain: number,
      lastScale: number,
      rate: number,
      decayAt: number,
    ): number;
    _live_steps(count: number, losses: number): number;
    _live_look(): number;
    _live_names(count: number, ofBatch: number, seed: number): number;
    _live_answer(): number;
    _live_pace(): number;
    _live_validation(): number;
    _live_step_count(): number;
    _live_network(): number;
    _live_save(path: number): number;
    _live_load(path: number): number;
  }
  export default function createEngine(options: { wasmBinary: ArrayBuffer }): Promise<Engine>;
}
declare module '*.css' {
  const text: string;
  export default text;
}
