/** How the suite, and its child process, open a store on etcd. */
import { readFileSync } from 'node:fs'
import { type EtcdOptions, openEtcdStore } from '../../../control/metadata/etcd.ts'
import type { EtcdServer } from '../../support/etcd.ts'

export interface EtcdLocation {
  readonly endpoint: string
  readonly prefix: string
  readonly certificates?: EtcdServer['certificates']
  readonly auth?: EtcdOptions['auth'] | undefined
}

export const timeoutMs = 2000

export const optionsOf = ({ endpoint, prefix, certificates, auth }: EtcdLocation): EtcdOptions => ({
  endpoints: [endpoint],
  prefix,
  timeoutMs,
  ...(certificates && {
    tls: {
      authority: readFileSync(certificates.authority),
      certificate: readFileSync(certificates.client.certificate),
      key: readFileSync(certificates.client.key),
    },
  }),
  ...(auth && { auth }),
})

/** `location` is an EtcdLocation as JSON. */
export const open = (location: string) => openEtcdStore(optionsOf(JSON.parse(location)))

let count = 0

/** Another part of the same etcd for each test. */
export const locationIn = (location: EtcdLocation): string =>
  JSON.stringify({ ...location, prefix: `${location.prefix}${++count}/` })
