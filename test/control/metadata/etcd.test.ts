/** The store on etcd: the suite of all stores, in the clear and with TLS and users. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnavailableError } from '../../../control/metadata/metadata.ts'
import { createCertificates } from '../../support/certificates.ts'
import { enableAuth, startEtcd } from '../../support/etcd.ts'
import { temporaryFolder } from '../support/rig.ts'
import { runMetadataSuite } from './metadata-suite.ts'
import { type EtcdLocation, locationIn, open } from './open-etcd.ts'
import { failure } from './suite/support.ts'

const module = new URL('open-etcd.ts', import.meta.url).href
const prefix = 'ashlar/'

const [plain, secure] = await Promise.all([startEtcd(), startEtcd({ tls: true })])
const auth = { user: 'control', password: 'of control' }
await enableAuth(secure, { ...auth, prefix })

runMetadataSuite('etcd', {
  createLocation: async () => locationIn({ endpoint: plain.endpoint, prefix }),
  open,
  module,
})

const { endpoint, certificates } = secure
runMetadataSuite('etcd with TLS and users', {
  createLocation: async () => locationIn({ endpoint, prefix, certificates, auth }),
  open,
  module,
})

const test = suite('etcd: who may come in')

test('whom etcd does not let in is told why', async () => {
  const stranger = await createCertificates(temporaryFolder())
  const right: EtcdLocation = { endpoint, prefix, certificates, auth }
  const cases: readonly (readonly [Partial<EtcdLocation>, RegExp])[] = [
    [{ auth: { ...auth, password: 'guessed' } }, /authentication failed/],
    [{ auth: undefined }, /user name is empty|permission denied/],
    [{ prefix: 'elsewhere/' }, /permission denied/],
    [
      { certificates: { ...stranger, client: certificates?.client ?? stranger.client } },
      /certificates/,
    ],
    [{ endpoint: endpoint.replace('https', 'http'), certificates: undefined }, /certificates/],
  ]
  for (const [change, reason] of cases) {
    const error = await failure(open(JSON.stringify({ ...right, ...change })))
    assert.instance(error, UnavailableError)
    assert.match((error as Error).message, reason)
  }
})

test.run()
