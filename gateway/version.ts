/** This software's version, from package.json. */
import { readFileSync } from 'node:fs'

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

export const softwareVersion = version
/** What hosts see: NVMe has room for 8 characters. */
export const firmwareRevision = version.slice(0, 8)
