/** How long to wait before another try: longer each time, and never the same for two gateways. */
export interface BackOff {
  /** Milliseconds to wait now. */
  next(): number
  reset(): void
}

export interface BackOffLimits {
  readonly firstMs: number
  readonly maxMs: number
}

/** `random` gives 0..1; the wait is spread over the upper half of its limit. */
export function createBackOff(limits: BackOffLimits, random = Math.random): BackOff {
  let attempts = 0
  return {
    next() {
      const limit = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(attempts, 30))
      attempts += 1
      return Math.round(limit * (0.5 + random() / 2))
    },
    reset() {
      attempts = 0
    },
  }
}
