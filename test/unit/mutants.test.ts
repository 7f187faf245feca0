/** The mutants are texts of the source: whoever changes one learns it here, and not first in `npm run mutation`. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mutants } from '../mutation/mutants.ts'

const source = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

test.each(mutants)('what is broken for “$name” is there, once', ({ file, find }) => {
  expect(source(file).split(find)).toHaveLength(2)
})
