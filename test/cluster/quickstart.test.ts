/** `npm start` as a person uses it: what it prints, and what it leaves behind. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { freePort } from '../support/free-port.ts'
import { root } from '../support/root.ts'
import { told } from '../support/told.ts'

const test = suite('quick start')
let folder = ''
const ports: string[] = []

interface Started {
  readonly process: ChildProcess
  output(): string
  /** Resolves with the output so far once it holds `text`, or the process has ended. */
  until(text: string): Promise<string>
  readonly code: Promise<number | null>
}

test.before(
  told(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ashlar-quickstart-'))
    for (const option of ['--api-port', '--io-port', '--discovery-port', '--peer-port'])
      ports.push(option, String(await freePort()))
  }),
)
test.after(() => rmSync(folder, { recursive: true }))

function start(...args: string[]): Started {
  const main = join('control', 'quickstart', 'start.mjs')
  const child = spawn(process.execPath, [main, '--data', folder, ...ports, ...args], { cwd: root })
  let output = ''
  let wake = () => {}
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
      wake()
    })
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    process: child,
    output: () => output,
    code,
    async until(text) {
      const ended = code.then(() => true)
      while (!output.includes(text)) {
        const woken = new Promise<boolean>((resolve) => {
          wake = () => resolve(false)
        })
        if (await Promise.race([woken, ended])) break
      }
      return output
    },
  }
}

/** Processes that were started with something of the folder. */
function processesOf(path: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^[0-9]+$/.test(name)) return false
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(path)
    } catch {
      return false
    }
  })
}

/** The curl commands that it printed, as a shell takes them. */
const printedCommands = (output: string) => output.match(/^ {2}curl .*\\\n.*$/gm) ?? []
const run = (command: string) =>
  JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' }))

test('brings everything up, and prints commands that work', async () => {
  const started = start()
  const output = await started.until('Ctrl-C stops everything')
  match(output, /API {9}http:\/\/127\.0\.0\.1:[0-9]+\/v1/)
  match(output, /Swagger UI {2}http:\/\/127\.0\.0\.1:[0-9]+\/docs/)
  match(output, /nvme connect-all -t tcp/)
  const [create, attach] = printedCommands(output)
  is(run(create ?? '').name, 'first')
  match(run(attach ?? '').connectCommand, /^nvme connect -t tcp/)

  const second = start()
  is(await second.code, 1)
  match(second.output(), /Port [0-9]+ of 127\.0\.0\.1, for the API, is in use/)
  const config = () => readFileSync(join(folder, 'gateway-1.yaml'), 'utf8')
  const before = config()
  const elsewhere = start('--io-port', String(await freePort()))
  is(await elsewhere.code, 1)
  match(elsewhere.output(), `Another npm start keeps its data in ${folder}`)
  is(config(), before)

  started.process.kill('SIGINT')
  is(await started.code, 0)
  match(started.output(), 'Everything has stopped.')
  equal(processesOf(folder), [])
})

test('finds the volumes at the next start', async () => {
  const started = start()
  const output = await started.until('Ctrl-C stops everything')
  match(output, /kept as it is/)
  const api = /http:\/\/127\.0\.0\.1:[0-9]+\/v1/.exec(output)?.[0]
  const answer = await fetch(`${api}/volumes`)
  const { items } = (await answer.json()) as { items: { name: string; state: string }[] }
  equal(
    items.map(({ name, state }) => [name, state]),
    [['first', 'in-use']],
  )
  started.process.kill('SIGTERM')
  is(await started.code, 0)
})

test('starts a gateway again that was killed, and says so', async () => {
  const started = start()
  await started.until('Ctrl-C stops everything')
  const [pid] = processesOf(join(folder, 'gateway-2.yaml'))
  process.kill(Number(pid), 'SIGKILL')
  const output = await started.until('gateway-2 is started again')
  match(output, /gateway-2 ended \(signal SIGKILL\); it is started again in 1 s/)
  started.process.kill('SIGINT')
  is(await started.code, 0)
})

test('leaves nothing behind when it is killed itself', async () => {
  const started = start()
  await started.until('Ctrl-C stops everything')
  started.process.kill('SIGKILL')
  await started.code
  const startedMs = performance.now()
  while (processesOf(folder).length > 0 && performance.now() - startedMs < 20_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  equal(processesOf(folder), [])
})

test('as a cluster has etcd, two controls that answer alike, and four gateways', async () => {
  const data = join(folder, 'cluster')
  const started = start('--cluster', '--data', data, '--device-size', '1GiB')
  const output = await started.until('Ctrl-C stops everything')
  const apis = [...output.matchAll(/API.* (http:[^ ]+\/v1)$/gm)].map(([, url]) => url)
  is(apis.length, 2, output)
  for (const api of apis) {
    const answer = await fetch(`${api}/nodes?health=alive`)
    const { items } = (await answer.json()) as { items: { name: string }[] }
    equal(
      items.map(({ name }) => name),
      ['gateway-1', 'gateway-2', 'gateway-3', 'gateway-4'],
    )
  }
  is(processesOf(join(data, 'etcd')).length, 1)
  started.process.kill('SIGINT')
  is(await started.code, 0, started.output())
  equal(processesOf(data), [])
})

test('says what is wrong with an option, and what the options are', async () => {
  const help = start('--help')
  is(await help.code, 0)
  match(help.output(), '--device-size SIZE')
  const wrong = start('--device-size', '5')
  is(await wrong.code, 1)
  match(wrong.output(), '--device-size has to be a size of at least 1GiB, such as 16GiB; found 5.')
})

test.run()
