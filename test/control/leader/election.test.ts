/** Of several control processes on one etcd exactly one leads, and only it writes as the leader. */
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createElection, type Election, leaderKey } from '../../../control/leader/election.ts'
import { fencedStore } from '../../../control/leader/fenced-store.ts'
import { alwaysLeads } from '../../../control/leader/leadership.ts'
import { type MetadataStore, UnavailableError } from '../../../control/metadata/metadata.ts'
import { startEtcd } from '../../support/etcd.ts'
import { startProxy } from '../../support/proxy.ts'
import { locationIn, open } from '../metadata/open-etcd.ts'
import { failure, put } from '../metadata/suite/support.ts'
import { eventually, silentLog } from '../support/rig.ts'

const etcd = await startEtcd()
const proxy = await startProxy(Number(new URL(etcd.endpoint).port))
const leaseMs = 1000

const awake = setInterval(() => {}, 1000)
test.after(async () => {
  clearInterval(awake)
  proxy.close()
  await etcd.close()
})

interface Candidate {
  readonly store: MetadataStore
  readonly election: Election
  readonly api: string
  close(): Promise<void>
}

async function stand(location: string, api: string, seenRevision = () => Infinity) {
  const store = await open(location)
  const election = createElection({ store, log: silentLog, leaseMs, seenRevision })
  election.start(api)
  const close = async () => {
    await election.close()
    await store.close()
  }
  return { store, election, api, close }
}

const leads = ({ election }: Candidate) => election.leads()
const isTrue = (value: boolean) => value

/** The same place by way of the proxy. */
const proxied = (location: string) =>
  JSON.stringify({ ...JSON.parse(location), endpoint: `http://127.0.0.1:${proxy.port}` })

test('one leads, the others know where; when it closes the next leads at once', async () => {
  const location = locationIn({ endpoint: etcd.endpoint, prefix: 'ashlar/' })
  const candidates = await Promise.all(['a', 'b', 'c'].map((api) => stand(location, api)))
  await eventually(() => candidates.some(leads), isTrue)
  const [first] = candidates.filter(leads)
  assert.is(candidates.filter(leads).length, 1)
  const others = candidates.filter((one) => one !== first)
  await eventually(
    () => others.every(({ election }) => election.leaderApi() === first?.api),
    isTrue,
  )
  await delay(2 * leaseMs)
  assert.equal(candidates.filter(leads), [first])
  const began = performance.now()
  await first?.close()
  await eventually(() => others.some(leads), isTrue)
  assert.ok(performance.now() - began < leaseMs)
  assert.is(others.filter(leads).length, 1)
  for (const one of others) await one.close()
})

test('who is cut off stops leading by its own clock before another one leads', async () => {
  const location = locationIn({ endpoint: etcd.endpoint, prefix: 'ashlar/' })
  const first = await stand(proxied(location), 'a')
  await eventually(() => leads(first), isTrue)
  const second = await stand(location, 'b')
  proxy.cut()
  let both = 0
  await eventually(() => {
    if (leads(first) && leads(second)) both++
    return leads(second)
  }, isTrue)
  assert.is(both, 0)
  assert.is(leads(first), false)
  const fenced = fencedStore(first.store, first.election)
  assert.instance(
    await failure(fenced.transact({ compare: [], success: [put('x')] })),
    UnavailableError,
  )
  proxy.heal()
  await eventually(() => first.election.leaderApi() === 'b', isTrue)
  assert.is(leads(first), false)
  await first.close()
  await second.close()
})

test('a leader that stood still writes nothing, even when it does not know yet', async () => {
  const location = locationIn({ endpoint: etcd.endpoint, prefix: 'ashlar/' })
  const first = await stand(location, 'a')
  await eventually(() => leads(first), isTrue)
  // As a process that was stopped finds itself: it has not looked at its clock since.
  const fence = first.election.fence()
  const store = await open(location)
  const fenced = fencedStore(store, { ...alwaysLeads, fence: () => fence })
  const write = (key: string) => fenced.transact({ compare: [], success: [put(key)] })
  assert.is((await write('before')).succeeded, true)
  await first.close()
  const next = await stand(location, 'b')
  await eventually(() => leads(next), isTrue)
  assert.is((await write('after')).succeeded, false)
  assert.is((await store.get('after')).entry, undefined)
  await store.close()
  await next.close()
})

test('it leads only when it has seen all that the leader before it wrote', async () => {
  const location = locationIn({ endpoint: etcd.endpoint, prefix: 'ashlar/' })
  let seen = 0
  const { store, election, close } = await stand(location, 'a', () => seen)
  await eventually(async () => (await store.get(leaderKey)).entry !== undefined, isTrue)
  await delay(leaseMs / 4)
  assert.is(election.leads(), false)
  seen = Number.MAX_SAFE_INTEGER
  await eventually(() => election.leads(), isTrue)
  await close()
})

test('it ends when its key is taken away', async () => {
  const location = locationIn({ endpoint: etcd.endpoint, prefix: 'ashlar/' })
  const { store, election, close } = await stand(location, 'a')
  await eventually(() => election.leads(), isTrue)
  let changes = 0
  election.onChange(() => changes++)
  await store.transact({ compare: [], success: [{ kind: 'delete', key: leaderKey }] })
  await eventually(() => changes >= 2, isTrue)
  await eventually(() => election.leads(), isTrue)
  await close()
})

test.run()
