/** What the figures were measured on: they mean nothing without it. */
import { execFileSync } from 'node:child_process'
import { arch, cpus, loadavg, release, totalmem } from 'node:os'
import { root } from '../test/support/root.ts'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly architecture: string
  readonly kernel: string
  readonly node: string
  readonly commit: string
  /** Of the last minute, when the measurement began: above 0.5 others were at work. */
  readonly load: number
}

export function describeMachine(): Machine {
  const all = cpus()
  return {
    processor: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    architecture: arch(),
    kernel: release(),
    node: process.version,
    commit: commitOf(),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
