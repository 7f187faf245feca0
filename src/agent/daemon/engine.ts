/** What V8 is told for a process that works for some milliseconds every few seconds, for months. */
import { setFlagsFromString } from 'node:v8'

const FLAGS = [
  // Bytecodes that a function runs until V8 thinks of optimising it; 67584 in Node 20. A tick every five seconds gets
  // there within minutes, and the compiling is a third of what an idle daemon uses, its memory a tenth. What a thousand
  // routes run again and again is optimised all the same.
  '--interrupt-budget=1000000',
  // To wake other threads costs more than they have to do in a young generation of one megabyte.
  '--no-parallel-scavenge',
]

/**
 * To be called when all is loaded: code that was compiled under other flags is not taken from any cache, Node's own
 * included. Of V8's flags only these two are looked at anew each time; of the others, some end the process.
 */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
