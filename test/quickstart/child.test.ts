/** Processes of the quick start: their logs and their ends. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { type Child, lastLines, readableLine, startChild } from '../../control/quickstart/child.ts'
import { until } from '../support/until.ts'

const test = suite('quick start child')
let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-child-'))
})
test.after.each(() => rmSync(folder, { recursive: true }))

function run(script: string, logPath = join(folder, 'log')): Child {
  const main = join(folder, 'main.mjs')
  writeFileSync(main, script)
  return startChild({ name: 'sample', main, args: [], logPath })
}

const endless = 'setInterval(() => {}, 1000); console.log("begun")'
const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const said = (child: Child) => lastLines(child.logPath, 10).join('\n')

test('writes what it says to its log, and tells how it ended', async () => {
  const child = run('console.log("out"); console.error("err"); process.exit(3)')
  is(await child.ended, 'exit code 3')
  is(child.isRunning(), false)
  is(said(child), 'out\nerr')
})

test('ends at SIGTERM', async () => {
  const child = run(endless)
  await until(() => said(child) === 'begun', 'it runs')
  await child.stop()
  is(await child.ended, 'signal SIGTERM')
})

test('is killed when it does not end in time', async () => {
  const child = run(`process.on('SIGTERM', () => {}); ${endless}`)
  await until(() => said(child) === 'begun', 'it runs')
  await child.stop(50)
  is(await child.ended, 'signal SIGKILL')
})

test('is stopped twice without harm', async () => {
  const child = run('1')
  await child.ended
  await child.stop()
  await child.stop()
})

test('does not keep running for the sake of the channel to its parent', async () => {
  is(await run('console.log("done")').ended, 'exit code 0')
})

test('ends when its parent is killed', async () => {
  const module = new URL('../../control/quickstart/child.ts', import.meta.url).href
  const main = join(folder, 'main.mjs')
  writeFileSync(main, endless)
  const parent = spawn(process.execPath, [
    ...['--import', 'tsx', '--input-type=module', '-e'],
    `import { startChild } from '${module}'
     const options = { name: 'c', main: '${main}', args: [], logPath: '${join(folder, 'log')}' }
     console.log(startChild(options).pid)`,
  ])
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
  await until(() => readFileSync(join(folder, 'log'), 'utf8') !== '', 'the child runs')
  is(isRunning(pid), true)
  parent.kill('SIGKILL')
  await until(() => !isRunning(pid), 'the child ends', 10_000)
})

test('appends to its log, and puts a large one aside', async () => {
  const log = join(folder, 'log')
  await run('console.log("first")').ended
  await run('console.log("second")').ended
  is(readFileSync(log, 'utf8'), 'first\nsecond\n')
  truncateSync(log, 17 * 2 ** 20)
  await run('console.log("third")').ended
  is(readFileSync(log, 'utf8'), 'third\n')
  is(statSync(`${log}.old`).size, 17 * 2 ** 20)
})

test('JSON lines are shown as people read them, others as they are', () => {
  const time = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
  const line = (level: number) => JSON.stringify({ level, time, msg: 'hello' })
  is(readableLine(line(30)), '03:04:05.006 hello')
  is(readableLine(line(40)), '03:04:05.006 warning hello')
  is(readableLine(line(60)), '03:04:05.006 error hello')
  match(readableLine(JSON.stringify({ level: 60, time, msg: 'm', err: { stack: 'at x' } })), 'at x')
  for (const other of ['plain', '{', '5', 'null']) is(readableLine(other), other)
})

test('the last lines of a log that is not there are none', () => {
  equal(lastLines(join(folder, 'none'), 5), [])
})

test.run()
