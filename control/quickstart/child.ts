/**
 * A process of the quick start: its output goes to a file, and it ends in bounded time when told
 * to.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly name: string
  readonly logPath: string
  readonly pid: number | undefined
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>
  isRunning(): boolean
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL when that is not enough. */
  stop(limitMs?: number): Promise<void>
}

export interface ChildOptions {
  readonly name: string
  /** A TypeScript main file, relative to the project's folder; or else see `program`. */
  readonly main: string
  readonly args: readonly string[]
  readonly logPath: string
  /** Another program, in place of Node.js with `main`. */
  readonly program?: string
  /** The network namespace it runs in. */
  readonly namespace?: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const exitWithParent = new URL('exit-with-parent.mjs', import.meta.url).href
const stopLimitMs = 15_000
const logBytesMax = 16 * 2 ** 20

export function startChild(options: ChildOptions): Child {
  const { name, logPath } = options
  const log = openLog(logPath)
  // A process group of its own: the terminal's Ctrl-C reaches only the parent, which stops the
  // children in their order. The channel is how they notice a parent that was killed.
  const [program = '', ...args] = commandOf(options)
  const child: ChildProcess = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  })
  closeSync(log)
  let running = true
  const ended = new Promise<string>((resolve) => {
    const finish = (how: string) => {
      running = false
      resolve(how)
    }
    child.once('error', (error) => finish(`it could not be started: ${error.message}`))
    child.once('exit', (code, signal) => finish(signal ? `signal ${signal}` : `exit code ${code}`))
  })
  return {
    name,
    logPath,
    pid: child.pid,
    ended,
    isRunning: () => running,
    kill: (signal) => void child.kill(signal),
    async stop(limitMs = stopLimitMs) {
      if (!running) return
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), limitMs)
      await ended
      clearTimeout(late)
    },
  }
}

function commandOf({ main, args, program, namespace }: ChildOptions): string[] {
  const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace]
  // Another program does not listen to the channel: the kernel ends it with its parent.
  return program === undefined
    ? [...inside, process.execPath, '--import', 'tsx', '--import', exitWithParent, main, ...args]
    : [...inside, 'setpriv', '--pdeathsig', 'TERM', program, ...args]
}

/** Appends to the log; one that has grown large is put aside, in the place of the one before it. */
function openLog(path: string): number {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (bytes > logBytesMax) renameSync(path, `${path}.old`)
  return openSync(path, 'a', 0o600)
}

/** The last lines of a log file, as people read them. */
export function lastLines(logPath: string, count: number): string[] {
  if (!existsSync(logPath)) return []
  return readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-count).map(readableLine)
}

/** What a JSON log line says; any other line as it is. */
export function readableLine(line: string): string {
  try {
    const { level, time, msg, err } = JSON.parse(line)
    const clock = new Date(time).toISOString().slice(11, 23)
    const name = level >= 50 ? 'error ' : level >= 40 ? 'warning ' : ''
    return `${clock} ${name}${msg}${err?.stack ? `\n${err.stack}` : ''}`
  } catch {
    return line
  }
}
