/** Runs fio on a file, and reads what it says as the other programs say it. */
import type { LatencyUs, Measurement } from './measurement.ts'
import { runOrFail } from './programs.ts'
import { graceSeconds, targetCpu } from './setting.ts'

export interface FioCase {
  readonly path: string
  readonly verb: 'read' | 'write'
  readonly sequential: boolean
  readonly ioBytes: number
  readonly depth: number
  readonly spanBytes: number
  readonly durable: boolean
  readonly seconds: number
}

export async function runFio(fioCase: FioCase): Promise<Measurement> {
  const output = await runOrFail('fio', fioWords(fioCase), fioCase.seconds + graceSeconds)
  return parseFio(output, fioCase.verb)
}

/** With O_DSYNC a write is answered when it is durable, as the store's are. */
export function fioWords(fioCase: FioCase): string[] {
  const { path, verb, sequential, ioBytes, depth, spanBytes, durable, seconds } = fioCase
  return [
    '--name=perf',
    `--filename=${path}`,
    '--ioengine=io_uring',
    '--direct=1',
    `--rw=${sequential ? '' : 'rand'}${verb}`,
    `--bs=${ioBytes}`,
    `--iodepth=${depth}`,
    `--size=${spanBytes}`,
    ...(durable && verb === 'write' ? ['--sync=dsync'] : []),
    `--runtime=${seconds}`,
    '--time_based',
    `--cpus_allowed=${targetCpu}`,
    '--norandommap',
    '--randrepeat=0',
    '--iopsavgtime=100',
    '--output-format=json',
  ]
}

/** Writes a whole file of `bytes`, so that its blocks have their places. */
export async function layOutFile(path: string, bytes: number): Promise<void> {
  const words = ['--name=layout', `--filename=${path}`, '--rw=write', '--bs=1m', '--direct=1']
  const size = [`--size=${bytes}`, '--ioengine=io_uring', '--iodepth=8', '--end_fsync=1']
  await runOrFail('fio', [...words, ...size], 600)
}

interface FioDirection {
  readonly iops: number
  readonly iops_max: number
  readonly lat_ns: { readonly mean: number; readonly max: number }
  readonly clat_ns: { readonly percentile?: Readonly<Record<string, number>> }
}

export function parseFio(output: string, verb: 'read' | 'write'): Measurement {
  // fio may print a note before its JSON.
  const json = JSON.parse(output.slice(output.indexOf('{'))) as {
    jobs: readonly Readonly<Record<'read' | 'write', FioDirection>>[]
  }
  const direction = json.jobs[0]?.[verb]
  if (direction === undefined) throw new Error('fio reported no job.')
  return {
    iops: direction.iops,
    bestIops: direction.iops_max,
    latencyUs: latencyOf(direction),
  }
}

function latencyOf({ lat_ns, clat_ns }: FioDirection): LatencyUs {
  const percentile = (share: string) => (clat_ns.percentile?.[share] ?? 0) / 1000
  return {
    mean: lat_ns.mean / 1000,
    p50: percentile('50.000000'),
    p99: percentile('99.000000'),
    p999: percentile('99.900000'),
    max: lat_ns.max / 1000,
  }
}
