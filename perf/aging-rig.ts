/** Where an aged store is measured, and what every measurement of one shares. */
import type { MemoryDevice } from './loop-device.ts'
import type { PerfOptions } from './options.ts'
import type { StoreReport } from './store-bench.ts'

export interface AgingPlace {
  readonly deviceBytes: number
  readonly segmentBytes: number
  readonly percents: readonly number[]
  /** At which the latencies and the index are measured. */
  readonly percentInDetail: number
}

export const orders = ['random', 'zipfian'] as const
export type WriteOrder = (typeof orders)[number]

export const nameOf: Readonly<Record<WriteOrder, string>> = {
  random: 'uniform',
  zipfian: 'zipfian 0.99',
}

export interface Aged {
  readonly order: WriteOrder
  readonly percent: number
  readonly report: StoreReport
}

/** Where everything here runs, and what every run of store-bench is told. */
export interface AgingRig {
  readonly device: MemoryDevice
  readonly place: AgingPlace
  readonly options: PerfOptions
  readonly common: {
    readonly path: string
    readonly durability: 'none'
    readonly segmentBytes: number
    readonly cpu: number
  }
}
