/** What every command works with: the API, and where its results go. */
import type { Command } from 'commander'
import { type Api, createApi } from './api/api.ts'
import { CliFailure } from './failure.ts'
import type { Surroundings } from './surroundings.ts'

export const defaultApiUrl = 'http://127.0.0.1:7480'

export interface Context {
  readonly api: Api
  readonly around: Surroundings
  readonly json: boolean
  /** Prints a result: as JSON for scripts, or as `forPeople` says. */
  result(value: unknown, forPeople: () => string): void
}

export function createContext(command: Command, around: Surroundings): Context {
  const options = command.optsWithGlobals<{ api?: string; json?: boolean }>()
  const json = options.json === true
  return {
    api: createApi(options.api ?? around.env['ASHLAR_API'] ?? defaultApiUrl),
    around,
    json,
    result: (value, forPeople) =>
      around.print(json ? `${JSON.stringify(value, null, 2)}\n` : forPeople()),
  }
}

/** Asks before something is lost; without anybody to ask, only `--yes` will do. */
export async function confirm(around: Surroundings, isYes: boolean, what: string): Promise<void> {
  if (isYes) return
  if (!around.isInteractive) {
    throw new CliFailure('usage', `${what} Nobody is there to ask: give --yes.`)
  }
  const answer = await around.ask(`${what} Go on? [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliFailure('failed', 'Nothing was done.')
}
