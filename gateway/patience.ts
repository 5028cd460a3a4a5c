/**
 * Waits for what a gateway that was killed a moment ago still holds.
 *
 * Its process is gone, but the kernel takes its io_uring down behind it, and only then gives the
 * ports and devices back: a gateway that is started again at once would find them taken.
 */
const patienceMs = 3000
const pauseMs = 50

/** Tries again while it fails with `code`; fails for good when that lasts. */
export async function patiently<T>(code: string, attempt: () => Promise<T>): Promise<T> {
  const startedMs = performance.now()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const isTaken = (error as { code?: unknown }).code === code
      if (!isTaken || performance.now() - startedMs > patienceMs) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
