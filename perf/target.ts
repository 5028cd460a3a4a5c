/** The target alone: a namespace in memory, one reactor, against a bare TCP echo. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { alternate, type Measurement } from './measurement.ts'
import type { PerfOptions, RunOptions } from './options.ts'
import { type Arguments, type LoadReport, measurementOf, runForJson } from './programs.ts'
import type { Report } from './report.ts'
import { type Row, reportOf, type Section } from './section.ts'
import { loadCpu, loadHostNqn, ramSubsystemNqn, ramVolumeBytes, targetCpu } from './setting.ts'

export interface LoadCase {
  readonly name: string
  readonly blockBytes: number
  readonly depth: number
  readonly readPercent: 0 | 100
}

const smallBlock = 4096
const largeBlock = 128 * 1024

export const smallCases: readonly LoadCase[] = [0, 100].flatMap((percent) =>
  [1, 32, 128].map((depth) => ({
    name: `4 KiB random ${percent === 0 ? 'write' : 'read'}, depth ${depth}`,
    blockBytes: smallBlock,
    depth,
    readPercent: percent as 0 | 100,
  })),
)

export const largeCases: readonly LoadCase[] = [
  { name: '128 KiB write, depth 32', blockBytes: largeBlock, depth: 32, readPercent: 0 },
  { name: '128 KiB read, depth 32', blockBytes: largeBlock, depth: 32, readPercent: 100 },
]

const explanation = `A namespace in memory behind one reactor on core ${targetCpu},
the load on core ${loadCpu}, over loopback TCP.
The echo moves as many bytes each way per command with nothing but io_uring at both ends: the most
this machine's loopback gives. (A 128 KiB write takes one more round trip than its echo: the R2T.)`

export async function measureTarget(options: PerfOptions): Promise<Report[]> {
  return [reportOf(await measureCases([...smallCases, ...largeCases], options))]
}

export async function measureCases(
  cases: readonly LoadCase[],
  options: PerfOptions,
): Promise<Section> {
  const rows: Row[] = []
  const target = await startRamTarget()
  try {
    const ram = { port: target.port, subsystem: ramSubsystemNqn }
    await fill(ram, ramVolumeBytes, options)
    for (const load of cases) {
      const { ours, theirs } = await alternate(
        options.rounds,
        () => runLoad(load, ram, options),
        () => runEcho(load, options),
      )
      rows.push({ name: load.name, ours, theirs })
      console.log(`  ${load.name}: ${Math.round(ours.bestIops)} IOPS`)
    }
  } finally {
    await target.stop()
  }
  const title = 'The target alone'
  return { name: 'target', title, explanation, oursTitle: 'target', theirsTitle: 'echo', rows }
}

/** What was never written costs nothing to read, and what is written first costs more. */
export async function fill(target: LoadTarget, bytes: number, { build }: RunOptions) {
  const load = { name: 'fill', blockBytes: largeBlock, depth: 32, readPercent: 0 } as const
  const more = { sequential: true, operations: bytes / largeBlock, rampMs: 0 }
  await runLoad(load, target, { build, seconds: 0 }, more)
}

export interface RamTarget {
  readonly port: number
  stop(): Promise<void>
}

export async function startRamTarget(): Promise<RamTarget> {
  const program = fileURLToPath(new URL('ram-target.ts', import.meta.url))
  const child = fork(program, { execArgv: ['--import', 'tsx'] })
  const ended = once(child, 'exit')
  const [message] = await Promise.race([
    once(child, 'message') as Promise<[{ port: number }]>,
    ended.then(() => Promise.reject(new Error('The target ended before it was ready.'))),
  ])
  return {
    port: message.port,
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

export interface LoadTarget {
  readonly address?: string
  readonly port: number
  readonly subsystem: string
}

export async function runLoad(
  { blockBytes, depth, readPercent }: LoadCase,
  { address = '127.0.0.1', port, subsystem }: LoadTarget,
  options: RunOptions,
  more: Arguments = {},
): Promise<Measurement> {
  const args = { address, port, subsystem, host: loadHostNqn, blockBytes, depth, readPercent }
  const how = { rampMs: 200, busyPoll: true, cpu: loadCpu, ...more }
  const report = await runForJson<LoadReport>('load-generator', { ...args, ...how }, options)
  return measurementOf(report)
}

/** A capsule has 72 bytes, a response or the header of data 24; a read is answered by its data. */
export async function runEcho(load: LoadCase, options: RunOptions): Promise<Measurement> {
  const isRead = load.readPercent === 100
  const args = {
    requestBytes: isRead ? 72 : 72 + load.blockBytes,
    responseBytes: isRead ? 24 + load.blockBytes : 24,
    depth: load.depth,
    serverCpu: targetCpu,
    clientCpu: loadCpu,
  }
  return runForJson<Measurement>('tcp-echo', args, options)
}
