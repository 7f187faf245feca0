import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { openFullScreen } from '../../../src/terminal/full-screen.ts'
import { asIs } from '../../../src/terminal/print.ts'

class Input extends EventEmitter {
  isRaw = false
  setRawMode(isRaw: boolean) {
    this.isRaw = isRaw
  }
  pause() {}
}

class Output extends EventEmitter {
  columns = 100
  rows = 30
  written = ''
  write(text: string) {
    this.written += text
  }
}

function open() {
  const [input, output, keys] = [new Input(), new Output(), [] as string[]]
  let resizes = 0
  const screen = openFullScreen({
    input,
    output,
    onKey: (key) => keys.push(key),
    onResize: () => {
      resizes += 1
    },
  })
  return { input, output, keys, screen, resizes: () => resizes }
}

test('takes the screen, and gives it back once', () => {
  const { input, output, screen } = open()
  expect(input.isRaw).toBe(true)
  expect(output.written).toBe('\x1b[?1049h\x1b[?25l\x1b[?7l')
  screen.end()
  screen.end()
  expect(input.isRaw).toBe(false)
  expect(output.written.split('\x1b[?1049l')).toHaveLength(2)
  expect(output.written.endsWith('\x1b[?7h\x1b[?25h\x1b[?1049l')).toBe(true)
  expect([input.listenerCount('data'), output.listenerCount('resize')]).toEqual([0, 0])
})

test('clears each row before it is written, since a full one leaves the cursor on its last character', () => {
  const { output, screen } = open()
  output.written = ''
  screen.draw(asIs('one\ntwo'))
  expect(output.written).toBe('\x1b[H\x1b[2Kone\r\n\x1b[Jtwo')
})

test('tells the keys apart that come at once, with their sequences', () => {
  const { input, keys } = open()
  input.emit('data', Buffer.from('aé\x1b[Aq\x1bOP\x03'))
  expect(keys).toEqual(['a', 'é', '\x1b[A', 'q', '\x1bOP', '\x03'])
})

test('tells of a new size, and assumes the usual one of a terminal that has none', () => {
  const { output, screen, resizes } = open()
  expect(screen.size()).toEqual({ columns: 100, rows: 30 })
  output.columns = 0
  output.emit('resize')
  expect(resizes()).toBe(1)
  expect(screen.size().columns).toBe(80)
})
