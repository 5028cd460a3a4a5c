/** Random requests: whatever comes, the answer is not a failure of control. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { attachmentIdOf } from '../../../control/model/attachment.ts'
import { seededRandom } from '../../../placement/random.ts'
import { createRig, eventually, GiB, hostNqn, MiB, type Rig } from '../support/rig.ts'

const seed = Number(process.env['ASHLAR_SEED'] ?? Date.now() % 1_000_000)
const random = seededRandom(seed)
const below = (count: number) => Math.floor(random() * count)
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
const rounds = 1500
const json = ['application/json', 'application/json', 'application/json']

const fields = [
  'name',
  'sizeBytes',
  'labels',
  'volume',
  'hostNqn',
  'state',
  '__proto__',
  'toString',
  '',
]
const texts = [
  'a',
  'volume-1',
  '',
  'x'.repeat(300),
  '\u0000',
  '💾',
  '../..',
  'vol-0000000000000001',
]
const numbers = [0, -1, 1.5, MiB, GiB, 4096, MiB + 1, 2 ** 46, 2 ** 53, 1e300]

function value(depth: number): unknown {
  switch (below(depth > 3 ? 5 : 7)) {
    case 0:
      return pick(texts)
    case 1:
      return pick(numbers)
    case 2:
      return random() < 0.5
    case 3:
      return null
    case 4:
      return hostNqn
    case 5:
      return Array.from({ length: below(4) }, () => value(depth + 1))
    default:
      return object(depth + 1)
  }
}

const object = (depth: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: below(5) }, () => [pick(fields), value(depth)]))

/** A body that is nearly right: that is where the rules behind the schema begin. */
function body({ method, url }: Target): unknown {
  const sizeBytes = MiB * (1 + below(64))
  const change = pick([{ sizeBytes }, { labels: { a: pick(['b', null]) } }])
  if (url.startsWith('/v1/scrubs') && random() < 0.6)
    return pick([{}, { node: 'n1' }, { node: pick(texts), bytesPerSecond: pick(numbers) }])
  const good = url.startsWith('/v1/attachments')
    ? { volume: `volume-${below(5)}`, hostNqn }
    : method === 'POST'
      ? { name: `volume-${below(5)}`, sizeBytes }
      : change
  if (random() < 0.4) return good
  if (random() < 0.5) return { ...good, [pick(fields)]: value(0) }
  return value(0)
}

function text(target: Target): string {
  const json = JSON.stringify(body(target)) ?? ''
  if (random() < 0.85) return json
  const at = below(json.length + 1)
  return random() < 0.5
    ? json.slice(0, at)
    : `${json.slice(0, at)}${pick(['"', '}', '\\', '\u0001'])}`
}

const methods = ['GET', 'POST', 'PATCH', 'DELETE'] as const
type Method = (typeof methods)[number]

interface Target {
  readonly method: Method
  readonly url: string
}

/** An address, and mostly a method it takes: what is refused for its method goes no further. */
function pickTarget(): Target {
  const volume = `/v1/volumes/${encodeURIComponent(pick([...texts, `volume-${below(5)}`]))}`
  const attachment = `/v1/attachments/${pick(['x', attachmentIdOf(below(16))])}`
  const parameter = pick(['limit', 'cursor', 'label', 'state', 'volume', 'node', 'x'])
  const query = `${parameter}=${encodeURIComponent(pick(texts))}`
  const [url, taken] = pick<readonly [string, readonly Method[]]>([
    ['/v1/volumes', ['POST']],
    ['/v1/attachments', ['POST']],
    ['/v1/scrubs', ['POST']],
    [`/v1/scrubs?${query}`, ['GET', 'DELETE']],
    [`/v1/volumes?${query}`, ['GET']],
    [`/v1/attachments?${query}`, ['GET']],
    [`/v1/nodes?${query}`, ['GET']],
    [volume, ['GET', 'PATCH', 'DELETE']],
    [attachment, ['GET', 'DELETE']],
  ])
  return { url, method: pick(random() < 0.8 ? taken : methods) }
}

let rig: Rig

test.before(async () => {
  rig = await createRig()
  await rig.gateway()
  await eventually(
    () => rig.send<{ capacityBytes: number }>('GET', '/v1/nodes/n1'),
    ({ body: node }) => node.capacityBytes > 0,
  )
})
test.after(() => rig.close())

test(`random requests are answered or refused, never failed on (seed ${seed})`, async () => {
  const answered = new Map<number, number>()
  for (let i = 0; i < rounds; i++) {
    const target = pickTarget()
    const request = {
      ...target,
      payload: text(target),
      headers: {
        'content-type': pick([...json, ...json, 'text/plain', '']),
        ...(random() < 0.2 && { 'idempotency-key': pick(['k1', 'k2', 'k3', '']) }),
      },
    }
    const { statusCode, body: answer } = await rig.api.inject(request)
    answered.set(statusCode, (answered.get(statusCode) ?? 0) + 1)
    const failed = statusCode >= 500 || (statusCode >= 400 && !JSON.parse(answer).code)
    if (failed) assert.unreachable(`${JSON.stringify(request)} was answered ${answer}`)
  }
  // It got through to the rules behind the schemas, too.
  for (const status of [200, 201, 400, 404, 409])
    assert.ok((answered.get(status) ?? 0) > 0, `${status}: ${JSON.stringify([...answered])}`)
})

test('what was provisioned is what the volumes add up to, whatever was asked', async () => {
  await eventually(
    async () => {
      const { body: node } = await rig.send<{ provisionedBytes: number }>('GET', '/v1/nodes/n1')
      const volumes = [...rig.mirror.volumes.values()].map((stored) => stored.value)
      const sum = volumes.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
      return { node, sum }
    },
    ({ node, sum }) => node.provisionedBytes === sum,
  )
  const { items: names } = await rig.store.range({ prefix: 'volume-name/' })
  assert.is(names.length, rig.mirror.volumes.size)
})

test.run()
