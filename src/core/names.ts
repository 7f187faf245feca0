/** Names beside ids, for people. */
import type { Overview } from './overview.ts'
import { parseReference } from './reference.ts'
import type { TargetFacts } from './route.ts'

/**
 * The name of an interface's instance, or the ENI itself if that name is missing, ambiguous, or could be read as an id or
 * an address.
 */
export function namesIn({ facts }: { readonly facts: ReadonlyMap<string, TargetFacts> }): (eni: string) => string {
  const names = [...facts].flatMap(([id, { name }]) => (id.startsWith('eni-') && name ? [name] : []))
  return (eni) => {
    const name = facts.get(eni)?.name
    return name && isName(name) && names.filter((each) => each === name).length === 1 ? name : eni
  }
}

function isName(text: string): boolean {
  return text.trim() !== '' && parseReference(text).kind === 'name'
}

/** Names of route tables, by id. */
export type TableNames = ReadonlyMap<string, string | undefined>

export function tableNamesIn({ instances }: Pick<Overview, 'instances'>): TableNames {
  return new Map(instances.flatMap(({ routes }) => routes.map(({ key, tableName }) => [key.table, tableName] as const)))
}

/** Replaces ENIs in a sentence by names, and puts the names of route tables behind their ids. */
export function named(text: string, nameOf: (eni: string) => string, tables: TableNames = new Map()): string {
  return withTables(text.replace(ENI, nameOf), tables)
}

/** The same, with ENIs behind their names: `db-1 (eni-…)`. */
export function explained(text: string, nameOf: (eni: string) => string, tables: TableNames): string {
  return withTables(
    text.replace(ENI, (eni) => labelOf(eni, nameOf)),
    tables,
  )
}

export function labelOf(eni: string, nameOf: (eni: string) => string): string {
  const name = nameOf(eni)
  return name === eni ? eni : `${name} (${eni})`
}

const ENI = /\beni-[0-9a-f]+/g
const TABLE = /\brtb-[0-9a-f]+/g

function withTables(text: string, tables: TableNames): string {
  return text.replace(TABLE, (id) => (tables.get(id) ? `${id} ${tables.get(id)}` : id))
}
