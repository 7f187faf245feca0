/** Each rule of the protocol and of the hooks, broken by hand. */
import { edgeMutants } from './edge-mutants.ts'
import { electionMutants } from './election-mutants.ts'
import { externalWriterMutants } from './external-writer-mutants.ts'
import { hookMutants } from './hook-mutants.ts'
import { identityMutants } from './identity-mutants.ts'
import type { Mutant } from './mutant.ts'
import { readingMutants } from './reading-mutants.ts'
import { rightMutants } from './right-mutants.ts'
import { silenceMutants } from './silence-mutants.ts'
import { startMutants } from './start-mutants.ts'

export const mutants: readonly Mutant[] = [
  ...electionMutants,
  ...rightMutants,
  ...edgeMutants,
  ...externalWriterMutants,
  ...readingMutants,
  ...identityMutants,
  ...silenceMutants,
  ...hookMutants,
  ...startMutants,
]
