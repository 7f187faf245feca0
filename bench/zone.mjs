// An address of the endpoint in a zone of its own: a process that passes on what it gets, until it is stopped (SIGSTOP).
import { connect, createServer } from 'node:net'

const [host, port] = process.argv.slice(2)

const server = createServer((near) => {
  const far = connect(Number(port), '127.0.0.1')
  near.on('error', () => {}).pipe(far)
  far.on('error', () => {}).pipe(near)
})
// With a short queue: what it has no room for is not even answered at its first packet.
server.listen({ host, port: Number(port), backlog: 1 }, () => process.send('ready'))
