/** What came instead of an answer, in words. */

const PAGE = /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)/i

/** An error that errors.ts knows by its name. */
export function named(name: 'UnexpectedAnswer' | 'NotDone' | 'TimeoutError', message: string): Error {
  return Object.assign(new Error(message), { name })
}

/** @param head how the body begins */
export function notAnswer(service: string, status: number, head: string): Error {
  const text = `HTTP ${status}, ${kindOf(status, head)}, not ${service}'s answer: a proxy or captive portal between?`
  return named('UnexpectedAnswer', text)
}

function kindOf(status: number, head: string): string {
  if (status === 407) return "a proxy's demand for a login"
  if (status >= 300 && status < 400) return 'a redirect'
  if (head.trim() === '') return 'an empty body'
  return PAGE.test(head) ? 'a page' : 'another text'
}
