/** How long a store takes to serve again after its process was killed, by how much it holds. */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../test/support/root.ts'
import type { PerfOptions } from './options.ts'
import { type Arguments, toWords } from './programs.ts'
import type { Report } from './report.ts'
import { targetCpu } from './setting.ts'
import type { StoreReport } from './store-bench.ts'
import { watchProgram } from './watched-program.ts'

const GiB = 2 ** 30

export interface RecoveryCase {
  /** What hosts have written. */
  readonly dataBytes: number
  readonly overwriteSeconds: number
}

export const recoveryCases: readonly RecoveryCase[] = [25, 100].map((size) => ({
  dataBytes: size * GiB,
  overwriteSeconds: 10,
}))

export interface Recovered extends RecoveryCase {
  readonly fillSeconds: number
  readonly overwrites: number
  readonly afterKill: StoreReport
  readonly afterClose: StoreReport
  /** What the file occupies. */
  readonly fileBytes: number
}

export async function measureRecovery(
  options: PerfOptions,
  cases: readonly RecoveryCase[] = recoveryCases,
): Promise<Report[]> {
  const folder = resolve(root, options.memory)
  mkdirSync(folder, { recursive: true })
  const found: Recovered[] = []
  for (const one of cases) {
    const path = join(folder, `ashlar-perf-recovery-${process.pid}`)
    try {
      found.push(await recover(one, path, options))
    } finally {
      rmSync(path, { force: true })
    }
  }
  return [report(found)]
}

async function recover(one: RecoveryCase, path: string, options: PerfOptions): Promise<Recovered> {
  const { dataBytes } = one
  console.log(`  a store of ${inGiB(dataBytes)} GiB`)
  const program = resolve(root, options.build, 'store-bench')
  const file = { path, span: dataBytes, holes: true, progress: true, cpu: targetCpu }
  const filled = await fillAndKill(program, one, { ...file, bytes: deviceBytesFor(dataBytes) })
  const read = async () => {
    const words = toWords({ ...file, verb: 'read', seconds: options.seconds })
    const { output } = await watchProgram(program, words, { onLine: sayer() })
    const report = JSON.parse(output) as StoreReport
    console.log(`    serves after ${report.opening.seconds.toFixed(2)} s`)
    return report
  }
  const afterKill = await read()
  const afterClose = await read()
  return { ...one, ...filled, afterKill, afterClose, fileBytes: statSync(path).blocks * 512 }
}

function deviceBytesFor(dataBytes: number): number {
  return (dataBytes / 4) * 5 + 4 * GiB
}

/** Killed in the midst of its overwrites. */
async function fillAndKill(program: string, { overwriteSeconds }: RecoveryCase, file: Arguments) {
  const startedMs = performance.now()
  let measuringFromMs = 0
  let overwrites = 0
  const say = sayer()
  const words = toWords({
    ...file,
    ...{ format: true, fill: true, fillBytesMin: 4096, verb: 'write', depth: 32, seconds: 3600 },
  })
  const { signal } = await watchProgram(program, words, {
    onLine(line, kill) {
      say(line)
      const [, count] = /^measuring: (\d+)/.exec(line) ?? []
      if (count === undefined) return
      overwrites = Number(count)
      if (measuringFromMs === 0) {
        measuringFromMs = performance.now()
        setTimeout(kill, overwriteSeconds * 1000)
      }
    },
  })
  if (signal !== 'SIGKILL') throw new Error('The store was full before it could be killed.')
  return { fillSeconds: (measuringFromMs - startedMs) / 1000, overwrites }
}

/** Says how opening goes, and of all else when it begins. */
function sayer(): (line: string) => void {
  let doing = ''
  return (line) => {
    const [now = ''] = line.split(':')
    if (now === 'opening' || now !== doing) console.log(`    ${line}`)
    doing = now
  }
}

function report(found: readonly Recovered[]): Report {
  return {
    name: 'recovery',
    title: 'How long a store takes to serve again after kill -9',
    explanation: `Filled by writes of 4 to 256 KiB, then overwritten at random in 4 KiB, and
killed in the midst. Data are zeroes and left as holes of a file in memory; headers and the
index are real. On a disk add the log replayed, and 16 bytes for each live block, at its rate.`,
    head: [
      ...['data', 'live blocks', 'overwrites', 'serves after', 'segments read'],
      ...['batches', 'log replayed', 'clean open', 'index/block', 'file'],
    ],
    lines: found.map((one) => {
      const { opening, store } = one.afterKill
      return [
        `${inGiB(one.dataBytes)} GiB`,
        inMillions(store.liveBytes / 4096),
        inMillions(one.overwrites),
        `${opening.seconds.toFixed(2)} s`,
        `${opening.segmentsScanned} of ${opening.segmentsTotal}`,
        String(opening.batchesReplayed),
        `${inGiB(opening.logTailBytes)} GiB`,
        `${one.afterClose.opening.seconds.toFixed(2)} s`,
        `${(store.indexBytes / (store.liveBytes / 4096)).toFixed(1)} B`,
        `${inGiB(one.fileBytes)} GiB`,
      ]
    }),
    data: { rows: found },
  }
}

function inGiB(bytes: number): string {
  return Number((bytes / GiB).toFixed(2)).toString()
}

function inMillions(count: number): string {
  return `${(count / 1e6).toFixed(1)} M`
}
