#!/usr/bin/env node
/** The `ashlar` command: runs the TypeScript of this clone as it is. */
import { register } from 'tsx/esm/api'

register()
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))
