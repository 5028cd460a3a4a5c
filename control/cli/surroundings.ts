/** What the command line touches of the world, so that tests can give it another. */
import { createInterface } from 'node:readline/promises'
import { type Host, linuxHost } from './host/linux-host.ts'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly host: Host
  /** Someone sits there who can answer. */
  readonly isInteractive: boolean
  ask(question: string): Promise<string>
  /** Results, for people or scripts. */
  print(text: string): void
  /** Progress and failures. */
  note(text: string): void
}

export function realSurroundings(): Surroundings {
  return {
    env: process.env,
    host: linuxHost(),
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    async ask(question) {
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return await terminal.question(question)
      } finally {
        terminal.close()
      }
    },
    print: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
  }
}
