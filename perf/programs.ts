/** Builds the native measuring programs, and runs them for their JSON. */
import { join } from 'node:path'
import { root } from '../test/support/root.ts'
import { runProgram } from '../test/support/run-program.ts'
import type { Measurement } from './measurement.ts'

export type Program = 'load-generator' | 'store-bench' | 'tcp-echo'

const folder = join(root, 'build/perf')
const programs: readonly Program[] = ['load-generator', 'store-bench', 'tcp-echo']
const buildSeconds = 1500

export async function buildPrograms(): Promise<void> {
  console.log('Building the measuring programs (build/perf)')
  await runOrFail('cmake', ['-S', 'native-rdma', '-B', folder, '-G', 'Ninja'], buildSeconds)
  await runOrFail('ninja', ['-C', folder, ...programs], buildSeconds)
}

/** Arguments as an object: `{ ioBytes: 4096, format: true }` is `--io-bytes 4096 --format`. */
export type Arguments = Readonly<Record<string, string | number | boolean>>

export function toWords(args: Arguments): string[] {
  return Object.entries(args).flatMap(([name, value]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    if (value === false) return []
    return value === true ? [option] : [option, String(value)]
  })
}

/** The program's last line, which is its report. */
export async function runForJson<T>(
  program: Program,
  args: Arguments,
  timeoutSeconds: number,
): Promise<T> {
  const output = await runOrFail(join(folder, program), toWords(args), timeoutSeconds)
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as T
}

export interface LoadReport {
  readonly bestIops: number
  readonly all: Omit<Measurement, 'bestIops'>
}

export function measurementOf({ all, bestIops }: LoadReport): Measurement {
  return { iops: all.iops, latencyUs: all.latencyUs, bestIops }
}

export async function runOrFail(
  program: string,
  args: readonly string[],
  timeoutSeconds: number,
): Promise<string> {
  const result = await runProgram(program, args, { cwd: root, timeoutSeconds })
  if (result.code !== 0) {
    const why = result.timedOut ? `did not end in ${timeoutSeconds} s` : `failed (${result.code})`
    throw new Error(`${program} ${args.join(' ')} ${why}:\n${result.output.trim()}`)
  }
  return result.output
}
