/** Writes configs/schemas/*.json and the tables of configs/README.md from the schemas. */
import { readFileSync, writeFileSync } from 'node:fs'
import { configSchemas, jsonSchema, withTables } from './config-reference.ts'

const configs = new URL('../../configs/', import.meta.url)
for (const name of Object.keys(configSchemas))
  writeFileSync(new URL(`schemas/${name}.json`, configs), jsonSchema(name))
const readme = new URL('README.md', configs)
writeFileSync(readme, withTables(readFileSync(readme, 'utf8')))
