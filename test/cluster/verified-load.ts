/** A load that verifies what it reads, and at its end all that it wrote. */
import { setTimeout as delay } from 'node:timers/promises'
import { ok } from 'uvu/assert'
import { runForJson } from '../../perf/programs.ts'
import { type AttachedVolume, hostNqn } from './attached-volume.ts'

export interface LoadOutcome {
  readonly operations: number
  readonly writes: number
  /** The longest time without any answer, or for one answer. */
  readonly stallMs: number
  readonly reconnects: number
  readonly checkedBlocks: number
}

export interface LoadWish {
  readonly seconds: number
  readonly spanBytes: number
  readonly depth?: number
  readonly readPercent?: number
  /** Each block once, in order, in place of a time. */
  readonly once?: boolean
}

interface Report {
  readonly all: { readonly operations: number; readonly latencyUs: { readonly max: number } }
  readonly writes: { readonly operations: number }
  readonly longestGapMs: number
  readonly reconnects: number
  readonly verify: { readonly checkedBlocks: number }
}

const blockBytes = 4096
/** A gateway that was killed is started again within this. */
const reconnectSeconds = 30
let seed = 1

/** Fails when a command failed, and when a byte is not what was acknowledged last. */
export async function runLoad(volume: AttachedVolume, wish: LoadWish): Promise<LoadOutcome> {
  const { seconds, spanBytes: span, depth = 8, readPercent = 30, once = false } = wish
  seed += 1
  const how = once
    ? { readPercent: 0, sequential: true, operations: span / blockBytes, seconds: 0 }
    : { readPercent }
  const args = { ...volume.target, host: hostNqn, depth, span, seed, verify: true, ...how }
  const run = { build: 'build/test', seconds }
  const report = await runForJson<Report>('load-generator', { ...args, reconnectSeconds }, run)
  const { all, writes, longestGapMs, reconnects, verify } = report
  return {
    operations: all.operations,
    writes: writes.operations,
    stallMs: Math.round(Math.max(longestGapMs, all.latencyUs.max / 1000)),
    reconnects,
    checkedBlocks: verify.checkedBlocks,
  }
}

/** The fault comes when the load has run for a second, and what it does has time until the end. */
export async function underLoad(
  volume: AttachedVolume,
  wish: LoadWish,
  fault: () => Promise<void>,
): Promise<LoadOutcome> {
  const running = runLoad(volume, wish)
  // A failure of the load is told when it is awaited, behind the fault.
  running.catch(() => {})
  await delay(1000)
  await fault()
  return running
}

/** A host's own time-out is 30 s; what waits for a primary is to be answered long before. */
const stallLimitMs = 10_000

/** Prints what was measured, and holds what is held of every fault. */
export function held(what: string, { operations, stallMs, checkedBlocks }: LoadOutcome, more = '') {
  console.log(`  ${what}: longest stall ${stallMs} ms of ${operations} commands${more}`)
  ok(checkedBlocks > 0)
  ok(stallMs < stallLimitMs, `${what}: a command took ${stallMs} ms`)
}
