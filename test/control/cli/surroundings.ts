/** Surroundings that keep what is printed, answer questions, and stand for a host. */
import type { Host } from '../../../control/cli/host/linux-host.ts'
import { main } from '../../../control/cli/main.ts'
import type { Surroundings } from '../../../control/cli/surroundings.ts'

export interface Outcome {
  readonly code: number
  readonly printed: string
  readonly noted: string
  readonly asked: readonly string[]
}

export interface Setting {
  readonly env?: Surroundings['env']
  readonly host?: Partial<Host>
  /** What the person at the terminal types; without it nobody is there. */
  readonly answer?: string
}

/** Runs one command line; `host` records nothing by itself. */
export async function runCli(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  let printed = ''
  let noted = ''
  const asked: string[] = []
  const code = await main(args, {
    env: setting.env ?? {},
    host: { ...plainHost, ...setting.host },
    isInteractive: setting.answer !== undefined,
    async ask(question) {
      asked.push(question)
      return setting.answer ?? ''
    },
    print: (text) => {
      printed += text
    },
    note: (text) => {
      noted += text
    },
  })
  return { code, printed, noted, asked }
}

const plainHost: Host = {
  nqn: '',
  obstacle: 'you are not root',
  deviceOf: () => undefined,
  usersOf: () => [],
  run: async () => ({ code: 127, output: 'no programs here' }),
}
