/** Which store the configuration opens, and what is said when it cannot. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadControlConfig } from '../../../control/config.ts'
import { openMetadata } from '../../../control/metadata/open-metadata.ts'
import { StartError } from '../../../control/start-error.ts'
import { enableAuth, startEtcd } from '../../support/etcd.ts'
import { temporaryFolder } from '../support/rig.ts'
import { put, write } from './suite/support.ts'

const open = (metadata: object) => {
  const overrides = { metadata, api: { port: 0 }, sessions: { port: 0 } }
  return openMetadata(loadControlConfig({ overrides }).metadata)
}

test('a folder is a store for one process, and free again when that is closed', async () => {
  const folder = temporaryFolder()
  const store = await open({ folder })
  await write(store, put('a'))
  const error = await open({ folder }).catch((reason: unknown) => reason)
  assert.match((error as Error).message, 'in use by another process')
  await store.close()
  const again = await open({ folder })
  assert.ok((await again.get('a')).entry)
  await again.close()
})

test('etcd with certificates and a user, each from its file', async () => {
  const etcd = await startEtcd({ tls: true })
  const auth = { user: 'control', password: 'of control' }
  await enableAuth(etcd, { ...auth, prefix: 'ashlar/' })
  const passwordFile = join(temporaryFolder(), 'password')
  writeFileSync(passwordFile, `${auth.password}\n`)
  const { authority = '', client } = etcd.certificates ?? {}
  const settings = {
    endpoints: [etcd.endpoint],
    tls: {
      authorityFile: authority,
      certificateFile: client?.certificate,
      keyFile: client?.key,
    },
    auth: { user: auth.user, passwordFile },
  }
  const store = await open({ etcd: settings })
  assert.is((await write(store, put('a'))).succeeded, true)
  await store.close()
  writeFileSync(passwordFile, 'another')
  const wrong = await open({ etcd: settings }).catch((reason: unknown) => reason)
  assert.instance(wrong, StartError)
  assert.match((wrong as Error).message, /^etcd at https:.* authentication failed/)
  const missing = { ...settings, auth: { ...settings.auth, passwordFile: '/nowhere' } }
  const unread = await open({ etcd: missing }).catch((reason: unknown) => reason)
  assert.match((unread as Error).message, /^metadata.etcd.auth.passwordFile: \/nowhere cannot/)
  await etcd.close()
})

test.run()
