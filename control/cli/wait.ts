/** Waits for the cell to have done something, within a time, and says what it waits for. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CliFailure } from './failure.ts'
import type { Surroundings } from './surroundings.ts'

export interface WaitOptions {
  readonly timeoutSeconds: number
  readonly around: Pick<Surroundings, 'note'>
}

interface Waiting {
  readonly state: string
  readonly reason?: string
}

export const defaultTimeoutSeconds = 60
const pollMs = 200

/** Asks until `isDone`; every new reason is noted once. */
export async function waitUntil<T extends Waiting>(
  what: string,
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  { timeoutSeconds, around }: WaitOptions,
): Promise<T> {
  const endMs = performance.now() + timeoutSeconds * 1000
  let said = ''
  for (;;) {
    const value = await read()
    if (isDone(value)) return value
    const why = value.reason === undefined ? '' : `: ${value.reason}`
    const status = `${what} is ${value.state}${why}`
    if (status !== said) around.note(`${status}\n`)
    said = status
    if (performance.now() > endMs) {
      throw new CliFailure('timedOut', `After ${timeoutSeconds} seconds ${status}`)
    }
    await sleep(pollMs)
  }
}

/** Asks until the thing is no longer there, which the API says with `goneCode`. */
export async function waitUntilGone<T extends Waiting>(
  what: string,
  read: () => Promise<T>,
  goneCode: string,
  options: WaitOptions,
): Promise<void> {
  const gone = { state: 'gone' }
  const readOrGone = async (): Promise<Waiting> => {
    try {
      return await read()
    } catch (error) {
      if (codeOf(error) === goneCode) return gone
      throw error
    }
  }
  await waitUntil(what, readOrGone, (value) => value === gone, options)
}

/** The code of the problem that the API answered with. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof CliFailure)) return undefined
  return (error.details['problem'] as { code?: string } | undefined)?.code
}
