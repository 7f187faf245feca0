/** The network that carries the adverts of simulated nodes, on loopback. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { packetText, parsePacket } from './packet.ts'

export type AdvertNetwork = {
  readonly port: number
  /** Drops what is sent to this address from now on, or delivers it again. */
  setCut(address: string, isCut: boolean): void
  close(): void
}

/** @throws the listen error */
export async function startAdvertNetwork(): Promise<AdvertNetwork> {
  const socket = createSocket('udp4')
  const ports = new Map<string, number>()
  const cut = new Set<string>()
  socket.on('message', (text, sender) => {
    const packet = parsePacket(text.toString())
    if (!packet) return
    ports.set(packet.from, sender.port)
    if (!packet.advert) return
    for (const [address, port] of ports) {
      if (address !== packet.from && !cut.has(address)) socket.send(packetText(packet), port, '127.0.0.1')
    }
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    setCut: (address, isCut) => void (isCut ? cut.add(address) : cut.delete(address)),
    close: () => socket.close(),
  }
}
