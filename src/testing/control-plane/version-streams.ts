import type { ServerResponse } from 'node:http';

/** A hint: that there is another version, and never what is in it. */
export interface VersionHint {
  readonly event: 'policy' | 'secrets';
  readonly epoch: number;
  readonly version: number;
}

// All are told at the same moment, so they are told as well over how many milliseconds to come.
function format({ event, epoch, version }: VersionHint, spreadMs: number): string {
  return `event: ${event}\nid: ${epoch}.${version}\ndata: ${JSON.stringify({ epoch, version, spread_ms: spreadMs })}\n\n`;
}

/** The open streams of server-sent events. */
export class VersionStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #heartbeatMs: number;

  constructor(heartbeatMs: number) {
    this.#heartbeatMs = heartbeatMs;
  }

  get count(): number {
    return this.#open.size;
  }

  open(response: ServerResponse, current: VersionHint): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(format(current, this.#open.size));
    const heartbeat = setInterval(() => response.write(': heartbeat\n\n'), this.#heartbeatMs);
    this.#open.add(response);
    // The response, not the request: that one is over as soon as it was read.
    response.on('close', () => {
      clearInterval(heartbeat);
      this.#open.delete(response);
    });
  }

  send(hint: VersionHint): void {
    for (const response of this.#open) response.write(format(hint, this.#open.size));
  }

  /** Ends every stream, as a deployment of the server does. */
  end(): void {
    for (const response of this.#open) response.end();
  }
}
