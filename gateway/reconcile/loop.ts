/**
 * Does what is due about one thing, one task at a time, and tries again after a failure.
 *
 *            poke, task due             done: look again
 *   idle ───────────────────▶ running ──────────────────▶ idle
 *     ▲                          │ failed
 *     └───── poke, or time ── waiting
 *
 * Level-triggered: what is due is asked anew each time, never remembered.
 */
import { createBackOff } from '../session/back-off.ts'

export interface Task {
  /** As in "attaching failed". */
  readonly name: string
  run(): Promise<void>
}

export interface Loop {
  /** Something may be due: try at once, even while waiting after a failure. */
  poke(): void
  /** Nothing is running. */
  isIdle(): boolean
  /** Why the last try has not succeeded, as a sentence; undefined when all is well. */
  failure(): string | undefined
  /** Starts nothing any more. */
  stop(): void
}

export interface LoopOptions {
  next(): Task | undefined
  /** Called after each task and failure. */
  changed(): void
  /** Bounds how many loops run at once. */
  readonly gate: Gate
  readonly limits?: LoopLimits
}

export interface LoopLimits {
  /** A task that takes longer is reported, not given up: it cannot be undone half-way. */
  readonly slowAfterMs: number
  readonly retry: { readonly firstMs: number; readonly maxMs: number }
}

export interface Gate {
  enter(): Promise<void>
  leave(): void
}

const defaultLimits: LoopLimits = { slowAfterMs: 30_000, retry: { firstMs: 500, maxMs: 30_000 } }

export function createLoop({ next, changed, gate, limits = defaultLimits }: LoopOptions): Loop {
  const backOff = createBackOff(limits.retry)
  let running = false
  let stopped = false
  let failure: string | undefined
  let retry: NodeJS.Timeout | undefined

  const fail = (sentence: string) => {
    failure = sentence
    changed()
  }

  const runOne = async (task: Task) => {
    const seconds = limits.slowAfterMs / 1000
    const slow = setTimeout(fail, limits.slowAfterMs, `${task.name} takes longer than ${seconds} s`)
    try {
      await task.run()
      failure = undefined
      backOff.reset()
      return true
    } catch (error) {
      failure = `${task.name} failed: ${(error as Error).message}`
      return false
    } finally {
      clearTimeout(slow)
    }
  }

  const runAll = async () => {
    running = true
    await gate.enter()
    for (let task = next(); task && !stopped; task = next()) {
      const done = await runOne(task)
      if (!done) {
        if (!stopped) retry = setTimeout(loop.poke, backOff.next())
        break
      }
      if (next()) changed()
    }
    gate.leave()
    running = false
    changed()
  }

  const loop: Loop = {
    poke() {
      clearTimeout(retry)
      if (running || stopped) return
      if (next()) void runAll()
      else failure = undefined
    },
    isIdle: () => !running,
    failure: () => failure,
    stop() {
      stopped = true
      clearTimeout(retry)
    },
  }
  return loop
}

/** Lets `most` in at once; the others wait in order. */
export function createGate(most: number): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  return {
    async enter() {
      if (inside >= most) await new Promise<void>((resolve) => waiting.push(resolve))
      else inside += 1
    },
    leave() {
      const first = waiting.shift()
      if (first) first()
      else inside -= 1
    },
  }
}
