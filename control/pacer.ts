/**
 * Runs a job soon after it is asked for, and at intervals; never twice at a time, asked for often
 * or not.
 */

export interface Pacer {
  /** Asks for a run; many askers share one. */
  soon(): void
  /** No further run; resolves when the one that runs has ended. */
  close(): Promise<void>
}

export interface Pace {
  /** How long askers are gathered before the run. */
  readonly soonMs: number
  /** A run comes at the latest this long after the last. */
  readonly intervalMs: number
}

/** `job` does not reject. */
export function createPacer(job: () => Promise<void>, { soonMs, intervalMs }: Pace): Pacer {
  let timer: NodeJS.Timeout | undefined
  let asked = false
  let closed = false
  let running: Promise<void> | undefined

  const arm = (afterMs: number) => {
    clearTimeout(timer)
    timer = closed ? undefined : setTimeout(run, afterMs)
  }
  const run = () => {
    asked = false
    // Begun in a later microtask, so that the job finds itself running when it asks for another
    // run.
    running = Promise.resolve()
      .then(job)
      .finally(() => {
        running = undefined
        arm(asked ? soonMs : intervalMs)
      })
  }
  arm(intervalMs)

  return {
    soon() {
      if (asked) return
      asked = true
      if (!running) arm(soonMs)
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await running
    },
  }
}
