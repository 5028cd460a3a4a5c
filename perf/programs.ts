/** Builds the native measuring programs, and runs them for their JSON. */
import { resolve } from 'node:path'
import { root } from '../test/support/root.ts'
import { runProgram } from '../test/support/run-program.ts'
import type { Measurement } from './measurement.ts'
import type { RunOptions } from './options.ts'
import { graceSeconds } from './setting.ts'

export type Program = 'load-generator' | 'store-bench' | 'tcp-echo'

const programs: readonly Program[] = ['load-generator', 'store-bench', 'tcp-echo']
const buildSeconds = 1500

export async function buildPrograms(folder: string): Promise<void> {
  console.log(`Building the measuring programs (${folder})`)
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

/** The program's last line, which is its report. Arguments may have a time of their own. */
export async function runForJson<T>(
  program: Program,
  args: Arguments,
  { build, seconds }: RunOptions,
): Promise<T> {
  const words = toWords({ seconds, ...args })
  const output = await runOrFail(resolve(root, build, program), words, seconds + graceSeconds)
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
