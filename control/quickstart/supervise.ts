/**
 * Keeps a child running: when it dies it says so, with its last lines, and starts it again after a
 * while.
 */
import { type Child, lastLines } from './child.ts'

export interface Supervised {
  /** Starts it no more, and ends the one that runs. */
  stop(): Promise<void>
}

export interface SupervisorOptions {
  start(): Child
  say(line: string): void
  readonly firstWaitMs?: number
}

const lastWaitMs = 30_000
/** One that ran this long died of something new: the wait begins small again. */
const settledAfterMs = 60_000
const linesShown = 8

export function supervise(first: Child, options: SupervisorOptions): Supervised {
  const { start, say, firstWaitMs = 1000 } = options
  let current = first
  let stopping = false
  let waitMs = firstWaitMs
  let timer: NodeJS.Timeout | undefined

  const watch = (child: Child) => {
    const startedMs = performance.now()
    void child.ended.then((how) => {
      if (stopping) return
      if (performance.now() - startedMs > settledAfterMs) waitMs = firstWaitMs
      say(`${child.name} ended (${how}); it is started again in ${waitMs / 1000} s. It said last:`)
      for (const line of lastLines(child.logPath, linesShown)) say(`  ${line}`)
      timer = setTimeout(restart, waitMs)
      waitMs = Math.min(waitMs * 2, lastWaitMs)
    })
  }
  const restart = () => {
    current = start()
    say(`${current.name} is started again`)
    watch(current)
  }

  watch(first)
  return {
    stop() {
      stopping = true
      clearTimeout(timer)
      return current.stop()
    },
  }
}
