// Loaded before a client (`node --import`): nothing but loopback can be reached, and whatever else is wanted is said on
// standard error and refused. The clients themselves stay as they were published.
import dns from "node:dns";
import net from "node:net";

const isLocal = (host) => !host || host === "localhost" || host === "::1" || host.startsWith("127.");
const told = new Set();

function refuse(host) {
  if (!told.has(host)) process.stderr.write(`wanted ${host}\n`);
  told.add(host);
  return Object.assign(new Error(`only loopback can be reached, not ${host}`), { code: "ENETUNREACH" });
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  // Node's own callers pass one array of normalized arguments.
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  const host = typeof options === "object" ? options.host : typeof args[1] === "string" ? args[1] : "localhost";
  if (typeof options === "object" && options.path !== undefined) return connect.apply(this, args);
  if (isLocal(host)) return connect.apply(this, args);
  process.nextTick(() => this.destroy(refuse(`${host}:${options.port ?? options}`)));
  return this;
};

const { lookup } = dns;
dns.lookup = (host, ...rest) => (isLocal(host) ? lookup(host, ...rest) : rest.at(-1)(refuse(host)));
const promised = dns.promises.lookup;
dns.promises.lookup = async (host, ...rest) => {
  if (isLocal(host)) return promised(host, ...rest);
  throw refuse(host);
};
for (const name of Object.keys(dns.promises)) {
  if (name.startsWith("resolve")) dns.promises[name] = async (host) => Promise.reject(refuse(host));
}
for (const name of Object.keys(dns)) {
  if (name.startsWith("resolve")) dns[name] = (host, ...rest) => rest.at(-1)(refuse(host));
}
