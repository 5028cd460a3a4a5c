/** The control process as its users run it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder } from './support/rig.ts'

const main = fileURLToPath(new URL('../../control/main.ts', import.meta.url))
const children: ChildProcess[] = []

test.after(() => {
  for (const child of children) child.kill('SIGKILL')
})

function run(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  return child
}

function configure(folder: string): string {
  const path = join(folder, 'control.yaml')
  const metadata = { folder: join(folder, 'metadata') }
  writeFileSync(path, JSON.stringify({ api: { port: 0 }, sessions: { port: 0 }, metadata }))
  return path
}

/** Resolves with the API's URL. */
async function ready(child: ChildProcess): Promise<string> {
  const { stdout } = child
  if (!stdout) throw new Error('the child has no output')
  for await (const line of createInterface({ input: stdout })) {
    const { url } = JSON.parse(line) as { url?: string }
    if (url === undefined) continue
    stdout.resume()
    return url
  }
  throw new Error('control ended before it was ready')
}

async function failure(args: readonly string[]): Promise<string> {
  const child = run(args)
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number]
  assert.is(code, 1)
  return text.trim()
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit') as Promise<[number | null]>
  child.kill(signal)
  return (await exited)[0]
}

async function revisionAt(url: string): Promise<number> {
  const answer = await fetch(`${url}/readyz`)
  return ((await answer.json()) as { revision: number }).revision
}

test('it serves, ends cleanly when asked, and finds its cell again after a kill', async () => {
  const folder = temporaryFolder()
  const config = configure(folder)
  const revisions: number[] = []
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
    const child = run(['--config', config])
    revisions.push(await revisionAt(await ready(child)))
    const code = await stop(child, signal)
    assert.is(code, signal === 'SIGKILL' ? null : 0)
  }
  assert.is(new Set(revisions).size, 1)
})

test('what is wrong with how it is started is said, without a stack', async () => {
  assert.match(await failure(['--colour', 'red']), /--colour/)
  assert.match(
    await failure(['--config', 'none/control.yaml']),
    /^none\/control.yaml cannot be read/,
  )
})

test.run()
