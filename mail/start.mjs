// MailDev within bounds: anybody in the stack may send it mail, and what is in its memory is lost with it.
// 1. The oldest mails go when all of them together are too large. (MailDev's own options bound each, and their number.)
// 2. A mail is parsed in a thread of its own, which may run out of memory or time: then that mail is refused.
// 3. It is one of the mailbox's files only once it is parsed, so that MailDev can always read them back.
// 4. Memory holds what lists show; a body is read from its file.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const MODULES = process.env.MAILDEV_MODULES ?? '/opt/maildev/node_modules';
const MB = 1024 ** 2;
const MAX_ALL_BYTES = 24 * MB;
const MAX_CLIENTS = 32;
const MAX_RECIPIENTS = 100;
const MAX_IDLE_MS = 20_000;
const PARSER = { resourceLimits: { maxOldGenerationSizeMb: 80, maxYoungGenerationSizeMb: 8 } };
const PARSER_MS = 10_000;
// What of a mail is shown; its source has everything.
const MAX_SHOWN = 100;
const MAX_SHOWN_CHARS = 4096;
const UNSAFE =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
const MAX_BODY_IN_MEMORY = 64 * 1024;
// On the mailbox's file system: a file that is renamed is there at once.
const INCOMING = process.env.MAILDEV_INCOMING ?? '/tmp/incoming';

async function serveParser() {
  const { parseEmailStream } = await import(`${MODULES}/@maildev/smtp/dist/parser.js`);
  parentPort.on('message', async (file) => {
    try {
      parentPort.postMessage({ parsed: shown(await parseEmailStream(createReadStream(file))) });
    } catch (error) {
      parentPort.postMessage({ problem: String(error?.message ?? error).slice(0, 200) });
    }
  });
}

function shown(parsed) {
  const text = (value) => (Array.isArray(value) ? value.slice(0, MAX_SHOWN).map(text) : value && printable(value));
  const some = (list) =>
    list?.slice(0, MAX_SHOWN).map(({ name, address }) => ({ name: text(name), address: text(address) }));
  return {
    ...parsed,
    subject: text(parsed.subject),
    from: some(parsed.from),
    to: some(parsed.to),
    cc: some(parsed.cc),
    bcc: some(parsed.bcc),
    inReplyTo: text(parsed.inReplyTo),
    headers: new Map([...(parsed.headers ?? [])].slice(0, MAX_SHOWN).map(([name, value]) => [text(name), text(value)])),
    attachments: parsed.attachments
      ?.slice(0, MAX_SHOWN)
      .map((each) => ({ ...each, filename: text(each.filename), headers: undefined })),
  };
}

// As spark_etl/printable.py: what a browser would obey, such as an order from right to left, is shown as an escape.
function printable(text) {
  return text.slice(0, MAX_SHOWN_CHARS).replace(UNSAFE, (each) => `\\u{${each.codePointAt(0).toString(16)}}`);
}

async function main() {
  const { MemoryStorage } = await import(`${MODULES}/@maildev/core/dist/storage/memory.js`);
  const { makeId } = await import(`${MODULES}/@maildev/core/dist/utils/id.js`);
  const { SMTPServer } = await import(`${MODULES}/@maildev/smtp/dist/server.js`);
  await rm(INCOMING, { recursive: true, force: true });
  await mkdir(INCOMING, { recursive: true });
  boundStorage(MemoryStorage.prototype);
  boundServer(SMTPServer.prototype, makeId);
  await import(`${MODULES}/maildev/dist/bin/maildev.js`);
}

let parser;
let turn = Promise.resolve();

function parse(file) {
  const parsed = turn.then(() => parseInThread(file));
  turn = parsed.catch(() => {});
  return parsed;
}

function parseInThread(file) {
  parser ??= startParser();
  return new Promise((resolve, reject) => {
    const fail = (problem) => {
      clearTimeout(timer);
      parser?.terminate();
      parser = undefined;
      reject(refusal(554, `the message can't be parsed: ${problem}`));
    };
    const timer = setTimeout(fail, PARSER_MS, `it takes longer than ${PARSER_MS / 1000} s`);
    parser.answer = ({ parsed, problem }) => {
      if (problem) return fail(problem);
      clearTimeout(timer);
      resolve(parsed);
    };
    parser.fail = fail;
    parser.postMessage(file);
  });
}

function startParser() {
  const started = new Worker(new URL(import.meta.url), PARSER);
  started.on('message', (message) => started.answer(message));
  started.on('error', (error) => started.fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory' : error));
  return started;
}

function boundStorage(storage) {
  const { save, getById, evictOverflow } = storage;
  storage.save = function (email) {
    const isLarge = (email.text?.length ?? 0) + (email.html?.length ?? 0) > MAX_BODY_IN_MEMORY;
    return save.call(this, isLarge ? { ...email, text: undefined, html: undefined, isLarge } : email);
  };
  storage.getById = async function (id) {
    const email = await getById.call(this, id);
    if (!email?.isLarge) return email;
    const { text, html } = await parse(email.source);
    return { ...email, text, html };
  };
  storage.evictOverflow = function () {
    const most = this.options.maxEmails;
    this.options.maxEmails = Math.min(most, newestThatFit([...this.emails.values()]));
    const evicted = evictOverflow.call(this); // reads the number before it waits for anything
    this.options.maxEmails = most;
    return evicted;
  };
}

function newestThatFit(emails) {
  let bytes = 0;
  let count = 0;
  for (const { size } of emails.reverse()) {
    bytes += size;
    if (bytes > MAX_ALL_BYTES) break;
    count += 1;
  }
  return Math.max(count, 1);
}

function boundServer(server, makeId) {
  const { buildServerConfig } = server;
  server.buildServerConfig = function () {
    const bounds = { maxClients: MAX_CLIENTS, socketTimeout: MAX_IDLE_MS, onRcptTo: refuseTooManyRecipients };
    return { ...buildServerConfig.call(this), ...bounds };
  };
  server.processIncomingEmail = async function (stream, session) {
    const id = makeId();
    const file = join(INCOMING, `${id}.eml`);
    const limit = this.options.maxMessageSize;
    const size = { exceeded: false };
    try {
      await pipeline(stream, this.createSizeCap(limit, size), createWriteStream(file));
      if (size.exceeded) throw refusal(552, `a message has at most ${limit / MB} MB`);
      const parsed = await parse(file);
      if (parsed.attachments?.length) await this.saveAttachments(id, parsed.attachments);
      await rename(file, join(this.mailDir, `${id}.eml`));
      await this.saveEmail(id, envelopeOf(session), parsed);
      return id;
    } finally {
      await rm(file, { force: true });
    }
  };
  server.loadMailsFromDirectory = async function () {
    for (const { id } of (await this.listEmlFiles()).reverse()) {
      try {
        const parsed = await parse(join(this.mailDir, `${id}.eml`));
        const from = parsed.from?.[0] ? { address: parsed.from[0].address } : false;
        await this.saveEmail(id, { from, to: parsed.to ?? [], host: '', remoteAddress: '' }, parsed, true);
      } catch (error) {
        this.logger.error(`A mail could not be read back, and is deleted: ${error.message}`);
        await this.removeEmailFiles(id);
      }
    }
  };
}

function refuseTooManyRecipients(address, session, callback) {
  const isFull = session.envelope.rcptTo.length >= MAX_RECIPIENTS;
  callback(isFull ? refusal(452, `a message has at most ${MAX_RECIPIENTS} recipients`) : null);
}

function envelopeOf({ envelope: { mailFrom, rcptTo }, hostNameAppearsAs, remoteAddress }) {
  return {
    from: mailFrom ? { address: mailFrom.address, args: mailFrom.args } : false,
    to: rcptTo.map(({ address, args }) => ({ address, args })),
    host: hostNameAppearsAs,
    remoteAddress,
  };
}

function refusal(responseCode, text) {
  return Object.assign(new Error(text), { responseCode });
}

if (isMainThread) await main();
else await serveParser();
