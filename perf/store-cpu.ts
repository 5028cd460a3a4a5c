/** What one operation of the store costs the processor, in instructions. */
import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../test/support/root.ts'
import { countInstructions, type FunctionCost, hasValgrind } from './callgrind.ts'
import type { PerfOptions } from './options.ts'
import { type Arguments, toWords } from './programs.ts'
import type { Report } from './report.ts'
import { runStoreBench } from './store-bench.ts'

const operations = 20_000
const listed = 3
const limitSeconds = 240
const MiB = 2 ** 20

interface CpuCase {
  readonly name: string
  readonly verb: 'read' | 'write'
  readonly depth: number
}

const cpuCases: readonly CpuCase[] = (['write', 'read'] as const).flatMap((verb) =>
  [1, 32].map((depth) => ({ name: `4 KiB random ${verb}, depth ${depth}`, verb, depth })),
)

export interface CpuFound extends CpuCase {
  readonly perOperation: number
  /** Of these, what the load itself does. */
  readonly load: number
  readonly functions: readonly FunctionCost[]
}

export async function measureCpu(
  options: PerfOptions,
  cases: readonly CpuCase[] = cpuCases,
): Promise<Report[]> {
  if (!hasValgrind()) return [report([], 'Left out: valgrind is not installed.')]
  const folder = resolve(root, options.memory)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `ashlar-perf-cpu-${process.pid}`)
  const found: CpuFound[] = []
  try {
    const file = { path, bytes: 1024 * MiB, span: 128 * MiB, durability: 'none' }
    await runStoreBench({ ...file, format: true, fill: true, operations: 1 }, options)
    for (const one of cases) found.push(await countCase(one, file, options))
  } finally {
    rmSync(path, { force: true })
  }
  return [report(found, '')]
}

async function countCase(one: CpuCase, file: Arguments, options: PerfOptions): Promise<CpuFound> {
  const { verb, depth } = one
  const args = { ...file, verb, depth, operations, pollUs: 0, seconds: limitSeconds }
  const program = resolve(root, options.build, 'store-bench')
  const functions = await countInstructions(program, toWords(args), limitSeconds)
  const found = { ...one, ...perOperation(functions, operations) }
  console.log(`  ${one.name}: ${Math.round(found.perOperation)} instructions`)
  return found
}

export function perOperation(functions: readonly FunctionCost[], operations: number) {
  const share = (count: number) => count / operations
  const sum = (list: readonly FunctionCost[]) =>
    share(list.reduce((total, { instructions }) => total + instructions, 0))
  return {
    perOperation: sum(functions),
    load: sum(functions.filter(({ name }) => name.startsWith('bench::'))),
    functions: functions.map(({ name, instructions }) => ({
      name,
      instructions: share(instructions),
    })),
  }
}

function report(found: readonly CpuFound[], leftOut: string): Report {
  return {
    name: 'store-cpu',
    title: 'Instructions of the processor for each operation of the store',
    explanation:
      leftOut ||
      `Counted by callgrind over ${operations} operations on a file in memory, without the kernel's.
A write has its checksum made, as the layer above does; a read has it verified.
"The load" is what the measuring program itself does for an operation.`,
    head: found.length > 0 ? ['', 'instructions', 'of it the load', 'the most expensive'] : [],
    lines: found.map(({ name, perOperation, load, functions }) => [
      name,
      perOperation.toFixed(0),
      load.toFixed(0),
      functions
        .slice(0, listed)
        .map(({ name, instructions }) => `${name} ${instructions.toFixed(0)}`)
        .join('\n'),
    ]),
    data: { rows: found },
  }
}
