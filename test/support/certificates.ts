/** Certificates for tests, of an authority of their own: a server's for 127.0.0.1, a client's. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

export interface Certificates {
  /** Paths of PEM files. */
  readonly authority: string
  readonly server: KeyPair
  readonly client: KeyPair
}

export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export async function createCertificates(folder: string): Promise<Certificates> {
  const file = (name: string) => join(folder, name)
  const authority = file('authority.crt')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const authorityKey = file('authority.key')
  const self = ['-keyout', authorityKey, '-out', authority, '-subj', '/CN=authority']
  await openssl(['req', '-x509', ...key, ...self])
  const issue = async (name: string): Promise<KeyPair> => {
    const pair = { certificate: file(`${name}.crt`), key: file(`${name}.key`) }
    const request = file(`${name}.csr`)
    await openssl(['req', ...key, '-keyout', pair.key, '-out', request, '-subj', `/CN=${name}`])
    writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    const by = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-days', '2']
    const extensions = ['-extfile', file('names')]
    await openssl(['x509', '-req', '-in', request, ...by, ...extensions, '-out', pair.certificate])
    return pair
  }
  return { authority, server: await issue('server'), client: await issue('client') }
}

async function openssl(args: readonly string[]): Promise<void> {
  const { code, output } = await runProgram('openssl', args, { timeoutSeconds: 20 })
  if (code !== 0) throw new Error(`openssl ${args.join(' ')} failed:\n${output}`)
}
