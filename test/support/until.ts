/** Waits until it is so; fails with `what` when that takes too long. */
export async function until(isSo: () => boolean, what: string, limitMs = 5000): Promise<void> {
  const startedMs = performance.now()
  while (!isSo()) {
    if (performance.now() - startedMs > limitMs) throw new Error(`It never came to be: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
