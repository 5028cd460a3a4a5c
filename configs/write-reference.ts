/** Writes schemas/*.json and the tables of README.md from the configurations' schemas. */
import { readFileSync, writeFileSync } from 'node:fs'
import { configSchemas, jsonSchema, withTables } from './reference.ts'

for (const name of Object.keys(configSchemas))
  writeFileSync(new URL(`schemas/${name}.json`, import.meta.url), jsonSchema(name))
const readme = new URL('README.md', import.meta.url)
writeFileSync(readme, withTables(readFileSync(readme, 'utf8')))
