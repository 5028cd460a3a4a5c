/** Asks again what was not answered, for as long as it may take. */
import { setTimeout as delay } from 'node:timers/promises'
import { UnavailableError } from '../metadata.ts'

const pauseMs = 100

/** Another error ends it at once, and so does an UnavailableError when the time is up. */
export async function untilAnswered<T>(call: () => Promise<T>, limitMs: number): Promise<T> {
  const startedMs = performance.now()
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const isLate = performance.now() - startedMs + pauseMs >= limitMs
      if (isLate || !(error instanceof UnavailableError)) throw error
      await delay(pauseMs)
    }
  }
}
