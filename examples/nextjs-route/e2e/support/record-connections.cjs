// Loaded into every Node process of a build: writes down each connection that would leave the machine.
const { appendFileSync } = require('node:fs');
const net = require('node:net');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);
const { connect } = net.Socket.prototype;

net.Socket.prototype.connect = function connectRecorded(...values) {
  const [options] = Array.isArray(values[0]) ? values[0] : values;
  const host = options?.host;
  if (host !== undefined && !LOOPBACK.has(host)) {
    appendFileSync(process.env.CONNECTIONS_FILE, `${host}:${options.port}\n`);
    queueMicrotask(() => this.destroy(new Error(`No network during this build: ${host}`)));
    return this;
  }
  return connect.apply(this, values);
};
