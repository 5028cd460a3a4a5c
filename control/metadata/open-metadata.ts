/** Opens the metadata store that the configuration names. */
import { mkdirSync, readFileSync } from 'node:fs'
import type { ControlConfig } from '../config.ts'
import { StartError } from '../start-error.ts'
import { type EtcdOptions, openEtcdStore } from './etcd.ts'
import { openLmdbStore } from './lmdb.ts'
import { lockFolder } from './lock-folder.ts'
import type { MetadataStore } from './metadata.ts'

type EtcdConfig = NonNullable<ControlConfig['metadata']['etcd']>

/** Rejects with a StartError. */
export function openMetadata({ folder, etcd }: ControlConfig['metadata']): Promise<MetadataStore> {
  return etcd ? openEtcd(etcd) : openEmbedded(folder)
}

async function openEtcd(config: EtcdConfig): Promise<MetadataStore> {
  const options = readOptions(config)
  try {
    return await openEtcdStore(options)
  } catch (error) {
    throw StartError.reaching(error as Error, config.endpoints)
  }
}

function readOptions({ endpoints, prefix, timeoutMs, tls, auth }: EtcdConfig): EtcdOptions {
  return {
    endpoints,
    prefix,
    timeoutMs,
    ...(tls && {
      tls: {
        authority: readSetting('tls.authorityFile', tls.authorityFile),
        ...(tls.certificateFile !== undefined && {
          certificate: readSetting('tls.certificateFile', tls.certificateFile),
        }),
        ...(tls.keyFile !== undefined && { key: readSetting('tls.keyFile', tls.keyFile) }),
      },
    }),
    ...(auth && {
      auth: {
        user: auth.user,
        password: readSetting('auth.passwordFile', auth.passwordFile).toString().trimEnd(),
      },
    }),
  }
}

function readSetting(setting: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { message } = error as Error
    throw new StartError(`metadata.etcd.${setting}: ${path} cannot be read: ${message}.`)
  }
}

async function openEmbedded(folder: string): Promise<MetadataStore> {
  try {
    mkdirSync(folder, { recursive: true })
    const lock = await lockFolder(folder)
    try {
      return closeThen(openLmdbStore({ path: folder }), lock.release)
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    throw StartError.opening(error as Error, folder)
  }
}

function closeThen(store: MetadataStore, release: () => Promise<void>): MetadataStore {
  const close = store.close.bind(store)
  return Object.assign(store, {
    async close() {
      await close()
      await release()
    },
  })
}
