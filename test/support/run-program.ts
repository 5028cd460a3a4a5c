/** Runs one program to its end within a time limit, and keeps what it printed. */
import { type ChildProcess, spawn } from 'node:child_process'

export interface ProgramResult {
  readonly code: number
  readonly timedOut: boolean
  readonly output: string
  readonly seconds: number
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutSeconds: number
}

/** More than this of a program's output is cut at the front: the end says what went wrong. */
const outputLimit = 2 * 1024 * 1024

const running = new Set<ChildProcess>()

export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const startedMs = performance.now()
  // A process group of its own, so that a time-out also ends what the program started.
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  let output = ''
  let timedOut = false
  const collect = (chunk: string) => {
    output = (output + chunk).slice(-outputLimit)
  }
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  const timer = setTimeout(() => {
    timedOut = true
    killGroup(child)
  }, options.timeoutSeconds * 1000)

  return new Promise((resolve) => {
    const finish = (code: number) => {
      clearTimeout(timer)
      running.delete(child)
      const seconds = (performance.now() - startedMs) / 1000
      resolve({ code, timedOut, output, seconds })
    }
    child.on('error', (error) => {
      output += `${program}: ${error.message}\n`
      finish(127)
    })
    // `close` follows `exit` once the pipes are read to their end, which takes the group's end, and
    // never comes while a process that left the group keeps them open.
    child.on('exit', (code) => {
      killGroup(child)
      const late = setTimeout(finish, 2000, code ?? 1)
      child.on('close', () => {
        clearTimeout(late)
        finish(code ?? 1)
      })
    })
  })
}

/** Ends everything that still runs; for a runner that is itself told to stop. */
export function killAllPrograms(): void {
  for (const child of running) killGroup(child)
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group has already ended.
  }
}
