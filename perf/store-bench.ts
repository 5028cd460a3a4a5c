/** Runs store-bench, and says what its report holds. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Measurement } from './measurement.ts'
import type { RunOptions } from './options.ts'
import { type Arguments, runForJson } from './programs.ts'

/** What the store did while it was measured. */
export interface StoreWork {
  readonly hostBytesWritten: number
  readonly deviceBytesWritten: number
  readonly movedBytesWritten: number
  readonly indexBytesWritten: number
  readonly checkpoints: number
  readonly indexHits: number
  readonly indexMisses: number
}

export interface StoreReport extends Measurement {
  readonly operations: number
  /** The store refused writes for want of space. */
  readonly full: boolean
  readonly deviceBytes: number
  readonly opening: {
    readonly seconds: number
    readonly segmentsTotal: number
    readonly segmentsScanned: number
    readonly batchesReplayed: number
    /** Behind the last checkpoint: what was replayed. */
    readonly logTailBytes: number
  }
  readonly measured: StoreWork
  /** At the end. */
  readonly store: {
    readonly capacityBytes: number
    readonly usedBytes: number
    readonly liveBytes: number
    readonly checkpoints: number
    readonly logTailBytes: number
    readonly indexBytes: number
  }
}

export function runStoreBench(args: Arguments, options: RunOptions): Promise<StoreReport> {
  return runForJson<StoreReport>('store-bench', args, options)
}

const MiB = 2 ** 20

/** The store takes a device only when nothing lies where it would put what names it. */
export function emptyForStore(path: string, bytes: number): void {
  const headBytes = 4 * MiB
  const file = openSync(path, 'r+')
  try {
    writeSync(file, Buffer.alloc(headBytes), 0, headBytes, 0)
    writeSync(file, Buffer.alloc(MiB), 0, MiB, bytes - MiB)
  } finally {
    closeSync(file)
  }
}
