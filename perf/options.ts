/** The command line of `npm run perf`. */
import { parseArgs } from 'node:util'

export const measurementNames = [
  'target',
  'store',
  'store-aging',
  'store-cpu',
  'recovery',
  'path',
  'cluster',
] as const

export type MeasurementName = (typeof measurementNames)[number]

export interface PerfOptions {
  readonly names: readonly MeasurementName[]
  /** Of each program. */
  readonly seconds: number
  /** How often each pair of programs runs. */
  readonly rounds: number
  /** A folder on the disk to measure. */
  readonly disk: string
  /** A folder in memory. */
  readonly memory: string
  /** Where the measuring programs are built. */
  readonly build: string
}

/** What every run of a program needs. */
export type RunOptions = Pick<PerfOptions, 'build' | 'seconds'>

export const usage = `Usage: npm run perf -- [NAME...] [options]

  target       the NVMe/TCP target with a namespace in memory, against a bare TCP echo
  store        the store on a disk and on a device in memory, against fio
  store-aging  the store when it is overwritten for long: amplification, latency, index
  store-cpu    instructions for each operation of the store (needs valgrind)
  recovery     how long a store of 100 GiB takes to serve again after kill -9
  path         control, gateway, target and store together, against each of them alone
  cluster      three gateways: volumes with three copies against such with one
  (none)       all of them

  --seconds N     of each program (1 to 60, default 2)
  --rounds N      how often each pair runs; the best counts (1 to 20, default 3)
  --disk FOLDER   on the disk to measure (default build/perf-data)
  --memory FOLDER in memory (default /dev/shm)
  --build FOLDER  for the measuring programs (default build/perf)`

/** Throws an Error with a sentence about what is wrong. */
export function parseOptions(words: readonly string[]): PerfOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      disk: { type: 'string', default: 'build/perf-data' },
      memory: { type: 'string', default: '/dev/shm' },
      build: { type: 'string', default: 'build/perf' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const names = positionals.map(toName)
  return {
    names: names.length > 0 ? [...new Set(names)] : measurementNames,
    seconds: toNumber('--seconds', values.seconds, 60),
    rounds: toNumber('--rounds', values.rounds, 20),
    disk: values.disk,
    memory: values.memory,
    build: values.build,
  }
}

function toName(word: string): MeasurementName {
  const name = measurementNames.find((known) => known === word)
  if (name !== undefined) return name
  throw new Error(`There is no measurement "${word}": say ${measurementNames.join(', ')}.`)
}

function toNumber(name: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new Error(`${name} is a whole number from 1 to ${max}, not "${text}".`)
}
