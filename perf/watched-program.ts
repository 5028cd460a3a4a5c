/** A program that is watched while it runs: line by line, and killed when it is time. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { root } from '../test/support/root.ts'

export interface Watched {
  /** On its standard output, to its end. */
  readonly output: string
  /** What ended it, or null when it ended by itself. */
  readonly signal: NodeJS.Signals | null
  readonly seconds: number
}

export interface Watcher {
  /** For each line on its standard error; `kill` ends it as a crash would: at once. */
  onLine(line: string, kill: () => void): void
}

/** Fails with what the program said when it ends with another status than 0. */
export async function watchProgram(
  program: string,
  words: readonly string[],
  { onLine }: Watcher,
): Promise<Watched> {
  const startedMs = performance.now()
  const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  let output = ''
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    said = line
    onLine(line, kill)
  })
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.on('error', reject)
        child.on('close', (code, signal) => resolve([code, signal]))
      },
    )
    if (code !== 0 && signal === null) throw new Error(`${program} failed (${code}): ${said}`)
    return { output, signal, seconds: (performance.now() - startedMs) / 1000 }
  } finally {
    process.removeListener('exit', kill)
  }
}
