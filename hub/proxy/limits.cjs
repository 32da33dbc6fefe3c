// Loaded before the hub's proxy (NODE_OPTIONS in hub/Dockerfile), which has no options for this. It passes bodies on as
// they come, so what it holds goes with its connections: each some 100 KB at worst. Of those there are so many and no
// more. One more, and the address with most of them loses the oldest of its own. And it writes a line for each request
// that is refused: here, one a minute of each kind. An address that it can't decode it would call its own fault (500).
"use strict";
const http = require("node:http");
const MOST = Number(process.env.SANDBOX_PROXY_CONNECTIONS || 768);
const HEADERS = { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 };
const createServer = http.createServer;

function oldestOfMost(open) {
  const counts = new Map();
  for (const address of open.values()) counts.set(address, (counts.get(address) || 0) + 1);
  const [most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  for (const [socket, address] of open) if (address === most) return socket;
}

function isAddress(url) {
  try {
    decodeURIComponent(new URL(url, "http://hub").pathname);
    return true;
  } catch {
    return false;
  }
}

function refuse(answer) {
  const text = "The address is no URL in UTF-8.\n";
  const headers = { "Content-Type": "text/plain", "Content-Length": text.length, Connection: "close" };
  if (answer instanceof http.ServerResponse) return answer.writeHead(400, headers).end(text);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  answer.on("error", () => answer.destroy()); // the client may have left, and nobody else listens
  return answer.end(`HTTP/1.1 400 Bad Request\r\n${lines.join("")}\r\n${text}`); // a websocket's: there is only a socket
}

http.createServer = function (...given) {
  const server = createServer(...(typeof given[0] === "object" ? [{ ...HEADERS, ...given[0] }, ...given.slice(1)] : given));
  server.maxHeadersCount = 100;
  const { emit } = server;
  server.emit = function (event, request, answer, ...more) {
    const isRefused = (event === "request" || event === "upgrade") && !isAddress(request.url);
    return isRefused ? refuse(answer) : emit.call(this, event, request, answer, ...more);
  };
  const open = new Map(); // in the order in which they came
  server.on("connection", (socket) => {
    open.set(socket, socket.remoteAddress);
    socket.once("close", () => open.delete(socket));
    if (open.size > MOST) {
      const loser = oldestOfMost(open);
      open.delete(loser);
      loser.destroy();
    }
  });
  return server;
};

const MINUTE = 60_000;
const KINDS = 100;
const kinds = new Map();
const write = process.stdout.write;

process.stdout.write = function (text, ...more) {
  const kind = String(text).replace(/\/\S*/g, "/").replace(/[0-9]+/g, "").slice(0, 80);
  const { since, leftOut } = kinds.get(kind) || { since: -MINUTE, leftOut: 0 };
  const now = performance.now();
  if (now - since < MINUTE) {
    kinds.set(kind, { since, leftOut: leftOut + 1 });
    return true;
  }
  if (kinds.size >= KINDS && !kinds.has(kind)) {
    for (const [known, one] of kinds) if (now - one.since >= MINUTE) kinds.delete(known);
    if (kinds.size >= KINDS) return true; // somebody makes them up
  }
  kinds.set(kind, { since: now, leftOut: 0 });
  return write.call(this, leftOut ? `[and ${leftOut} more of the kind before] ${text}` : text, ...more);
};
