/** What terminals disagree on. */

const ERASURE = new RegExp(`${String.fromCharCode(0x1b)}\\[\\d*[JK]`, 'g')

/**
 * Makes xterm.js erase as xterm, libvterm and the Linux console do: after a character in the last column their cursor is
 * on it, so that an erasure takes it away. xterm.js's is beyond it, until it is restored.
 */
export function erasingUnderCursor(text: string): string {
  return text.replaceAll(ERASURE, (erasure) => `\x1b7\x1b8${erasure}`)
}
