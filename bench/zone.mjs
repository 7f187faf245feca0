// An endpoint address in its own zone: a process that forwards connections until it is stopped (SIGSTOP).
import { connect, createServer } from 'node:net'

const [host, port] = process.argv.slice(2)

const server = createServer((near) => {
  const far = connect(Number(port), '127.0.0.1')
  near.on('error', () => {}).pipe(far)
  far.on('error', () => {}).pipe(near)
})
// A short accept queue: once it is full, not even the first packet of a connection is answered.
server.listen({ host, port: Number(port), backlog: 1 }, () => process.send('ready'))
