/** A hook whose failure is printed: uvu ends a file over it, and keeps the reason to itself. */
export function told(hook: () => void | Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await hook()
    } catch (error) {
      console.error(error)
      throw error
    }
  }
}
