/** What can be in the way of a start, and taking the parts apart again. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startControl } from '../../control/app.ts'
import { loadControlConfig } from '../../control/config.ts'
import { StartError } from '../../control/start-error.ts'
import { FakeGateway } from './support/fake-gateway.ts'
import { GiB, silentLog, temporaryFolder } from './support/rig.ts'

interface Ports {
  readonly apiPort?: number
  readonly sessionPort?: number
}

function start(folder: string, { apiPort = 0, sessionPort = 0 }: Ports = {}) {
  const overrides = {
    api: { port: apiPort },
    sessions: { port: sessionPort },
    metadata: { folder },
  }
  return startControl(loadControlConfig({ overrides }), silentLog)
}

async function failure(folder: string, ports?: Ports): Promise<string> {
  const error = await start(folder, ports).then(
    (app) => app.close(),
    (reason: unknown) => reason,
  )
  assert.instance(error, StartError)
  return (error as StartError).message
}

test('a port that is in use is named with its setting', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const folder = temporaryFolder()
  for (const [setting, ports] of [
    ['api', { apiPort: port }],
    ['sessions', { sessionPort: port }],
  ] as const)
    assert.is(
      await failure(folder, ports),
      `Cannot listen on 127.0.0.1:${port} (${setting} in the configuration): ` +
        'the port is in use by another process.',
    )
  taken.close()
})

test('a folder is for one process, and free again when that has closed', async () => {
  const folder = temporaryFolder()
  const app = await start(folder)
  assert.match(await failure(folder), /^The metadata folder .* is in use by another process\.$/)
  await app.close()
  const again = await start(folder)
  await again.close()
})

test('extents of another size than the cell was made with are refused', async () => {
  const folder = temporaryFolder()
  await (await start(folder)).close()
  const cell = { extentBytes: 64 * 2 ** 20 }
  const overrides = { metadata: { folder }, cell, api: { port: 0 }, sessions: { port: 0 } }
  const error = await startControl(loadControlConfig({ overrides }), silentLog).catch(
    (reason: unknown) => reason,
  )
  assert.instance(error, StartError)
  assert.match((error as Error).message, 'cell.extentBytes is 67108864, but the cell was made with')
})

test('a folder that is a file is refused', async () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, '')
  assert.match(await failure(path), /^The metadata folder .* cannot be opened: /)
})

test('it closes in bounded time, with a request and a gateway open', async () => {
  const app = await start(temporaryFolder())
  const gateway = new FakeGateway(`127.0.0.1:${app.sessionPort}`, {
    name: 'n1',
    rack: 'r1',
    capacityBytes: GiB,
    extentBytes: GiB,
  })
  await gateway.opened
  const answer = await fetch(`${app.url}/v1/nodes`)
  assert.is(answer.status, 200)
  await answer.arrayBuffer()
  const began = performance.now()
  await app.close()
  assert.ok(performance.now() - began < 8000)
  await gateway.untilEnded()
  gateway.close()
  await app.close()
})

test('errors of the system become sentences', () => {
  const address = { address: '192.0.2.1', port: 80 }
  const listening = (message: string) =>
    StartError.listening(new Error(message), address, 'api').message
  assert.match(listening('listen EACCES'), /more rights\.$/)
  assert.match(listening('listen EADDRNOTAVAIL'), /no such address\.$/)
  assert.match(listening('getaddrinfo ENOTFOUND'), /no such address\.$/)
  const opening = (code: string) =>
    StartError.opening(Object.assign(new Error('x'), { code }), 'folder').message
  assert.is(opening('EACCES'), 'The metadata folder folder cannot be written by this user.')
  assert.is(opening('ENOSPC'), 'The disk of the metadata folder folder is full.')
})

test.run()
