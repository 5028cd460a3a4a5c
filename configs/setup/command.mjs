/** Runs other programs for the set-up: quietly for a look, loudly for work that takes a while. */
import { spawnSync } from 'node:child_process'

/** The program's output and exit code; code 127 when there is no such program. */
export function look(program, args) {
  const done = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (done.error) return { code: 127, output: done.error.message }
  return { code: done.status ?? 1, output: done.stdout + done.stderr }
}

/** Runs the program with its output on ours; returns its exit code. */
export function work(program, args, options = {}) {
  const done = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options })
  return done.error ? 127 : (done.status ?? 1)
}

export function isInstalled(program) {
  return look('which', [program]).code === 0
}
