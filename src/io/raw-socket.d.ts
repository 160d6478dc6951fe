// The part of raw-socket that echo.ts uses; the package brings no types.
declare module 'raw-socket' {
  export interface Socket {
    /** `error`: the socket is of no more use. `message`: the octets are overwritten by the next one. */
    on(event: 'error', hear: (error: Error) => void): this;
    on(event: 'message', hear: (octets: Buffer, source: string) => void): this;
    /** `value` for numbers, or `value` and its length for octets. Throws. */
    setOption(level: number, option: number, value: Buffer, length: number): void;
    /** A scope may follow the address after `%`. */
    send(
      buffer: Buffer,
      offset: number,
      length: number,
      address: string,
      done: (error: Error | null, octets: number) => void,
    ): this;
    close(): this;
  }
  export interface RawSocket {
    /** `addressFamily`: 1 is IPv4, 2 is IPv6. Throws an Error that has the system's words, and no code. */
    createSocket(options: {
      readonly protocol: number;
      readonly addressFamily: 1 | 2;
      readonly bufferSize?: number;
    }): Socket;
  }
  const raw: RawSocket;
  // biome-ignore lint/style/noDefaultExport: it is how a CommonJS package exports.
  export default raw;
}
