/** Questions to the person at the terminal: on stderr, since stdout is for results. */
import { createInterface } from 'node:readline'
import { forPeople, type Printable } from './print.ts'

export type Dialogue = {
  /** What was typed, without blanks around it; undefined: the input has ended, or Ctrl-C was pressed. */
  ask(question: Printable): Promise<string | undefined>
  close(): void
}

/** One for all questions: what is typed ahead, or pasted, answers the next ones. */
export function openDialogue(): Dialogue {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const typed: string[] = []
  let waiting: ((line: string | undefined) => void) | undefined
  let isClosed = false
  terminal.on('line', (line) => {
    if (!waiting) typed.push(line.trim())
    waiting?.(line.trim())
    waiting = undefined
  })
  terminal.on('close', () => {
    isClosed = true
    waiting?.(undefined)
  })
  return {
    async ask(question) {
      if (isClosed) return typed.shift()
      terminal.setPrompt(question)
      terminal.prompt()
      return (
        typed.shift() ??
        new Promise((resolve) => {
          waiting = resolve
        })
      )
    },
    close: () => terminal.close(),
  }
}

const yesOrNo = forPeople((question: string) => `${question} [y/N] `)

/** Anything but yes, an end of input included, is no. */
export async function ask(question: string): Promise<boolean> {
  const dialogue = openDialogue()
  try {
    return /^y(es)?$/i.test((await dialogue.ask(yesOrNo(question))) ?? '')
  } finally {
    dialogue.close()
  }
}
