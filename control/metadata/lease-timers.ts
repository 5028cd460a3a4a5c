/** One timer for all leases: fires `expire` for each that was not kept for its time to live. */

export interface LeaseTimers {
  /** Starts the lease's time, or starts it again. */
  set(lease: number, ttlMs: number): void
  clear(lease: number): void
  close(): void
}

const retryMs = 1000

export function createLeaseTimers(expire: (lease: number) => Promise<void>): LeaseTimers {
  const deadlines = new Map<number, number>()
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY
  let closed = false

  const arm = () => {
    const next = Math.min(...deadlines.values())
    if (closed || next >= timerAt) return
    clearTimeout(timer)
    timerAt = next
    timer = setTimeout(fire, Math.max(0, next - performance.now())).unref()
  }
  const fire = () => {
    timerAt = Number.POSITIVE_INFINITY
    const now = performance.now()
    for (const [lease, deadline] of deadlines) {
      if (deadline > now) continue
      deadlines.delete(lease)
      // A store that cannot commit now may later: the lease stays due.
      expire(lease).catch(() => {
        if (!closed) deadlines.set(lease, performance.now() + retryMs)
        arm()
      })
    }
    arm()
  }

  return {
    set(lease, ttlMs) {
      deadlines.set(lease, performance.now() + ttlMs)
      arm()
    },
    clear(lease) {
      deadlines.delete(lease)
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
