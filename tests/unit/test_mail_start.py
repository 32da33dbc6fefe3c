"""The mailbox's bounds, mail/start.mjs, around stand-ins for MailDev's modules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

START = Path(__file__).parents[2] / "mail" / "start.mjs"
NODE = shutil.which("node") or ""
MODULES = {
    "@maildev/core/dist/utils/id.js": "let last = 0; export const makeId = () => `mail${++last}`;",
    "@maildev/core/dist/storage/memory.js": """
export class MemoryStorage {
  options = { maxEmails: 4 };
  emails = new Map();
  async save(email) { this.emails.set(email.id, email); await this.evictOverflow(); }
  async getById(id) { return this.emails.get(id); }
  async evictOverflow() {
    while (this.emails.size > this.options.maxEmails) this.emails.delete(this.emails.keys().next().value);
  }
}
""",
    "@maildev/smtp/dist/parser.js": """
import { text } from 'node:stream/consumers';
export async function parseEmailStream(stream) {
  const content = await text(stream);
  if (content === 'bomb') for (const all = []; ; ) all.push(new Array(100_000).fill(all.length));
  if (content === 'broken') throw new Error('no mail');
  const from = [{ name: 'a\\u202eb', address: 'a@b' }];
  return { subject: content.slice(0, 20), text: content, from, attachments: [] };
}
""",
    "@maildev/smtp/dist/server.js": """
import { Transform } from 'node:stream';
export class SMTPServer {
  options = { maxMessageSize: 11 * 1024 ** 2 };
  mailDir = process.env.MAILBOX;
  buildServerConfig() { return { size: this.options.maxMessageSize }; }
  createSizeCap(limit, state) {
    let bytes = 0;
    return new Transform({ transform(chunk, _, done) {
      bytes += chunk.length;
      state.exceeded ||= bytes > limit;
      done(null, state.exceeded ? undefined : chunk);
    } });
  }
  async saveEmail(id, envelope, parsed) {
    await this.storage.save({ ...parsed, id, envelope, size: parsed.text.length, source: `${this.mailDir}/${id}.eml` });
  }
  async listEmlFiles() { return [{ id: 'new' }, { id: 'old' }]; }
  async removeEmailFiles() {}
  logger = { error() {} };
}
""",
}
SCENARIO = """
import { Readable } from 'node:stream';
import { readdirSync } from 'node:fs';
import { MemoryStorage } from '../../../@maildev/core/dist/storage/memory.js';
import { SMTPServer } from '../../../@maildev/smtp/dist/server.js';
const server = new SMTPServer();
server.storage = new MemoryStorage();
const session = { envelope: { mailFrom: false, rcptTo: [] } };
const send = (content) => server.processIncomingEmail(Readable.from([Buffer.from(content)]), session)
  .then((id) => id, (error) => `${error.responseCode} ${error.message}`);
const ids = () => [...server.storage.emails.keys()];
const MB = 1024 ** 2;
"""


def run(tmp_path: Path, script: str) -> Any:
    """Returns what a script prints that runs where MailDev would."""
    for name, text in {**MODULES, "maildev/dist/bin/maildev.js": SCENARIO + script}.items():
        file = tmp_path / "modules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "modules" / "package.json").write_text('{"type": "module"}')
    (tmp_path / "mailbox").mkdir()
    places = {"MODULES": tmp_path / "modules", "INCOMING": tmp_path / "incoming"}
    environment = {f"MAILDEV_{name}": str(path) for name, path in places.items()}
    mailbox = str(tmp_path / "mailbox")
    done = subprocess.run(
        [NODE, str(START)],
        env={**os.environ, **environment, "MAILBOX": mailbox},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


pytestmark = pytest.mark.skipif(not NODE, reason="Node is in the mail image; here it is not installed")


def test_the_oldest_go_when_all_are_too_large(tmp_path: Path) -> None:
    script = "for (let n = 0; n < 4; n++) await send('x'.repeat(10 * MB)); await send('small');"
    end = "console.log(JSON.stringify([ids(), server.storage.options.maxEmails])); process.exit();"

    assert run(tmp_path, script + end) == [["mail3", "mail4", "mail5"], 4]


def test_a_mail_that_can_not_be_parsed_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    script = """
const answers = await Promise.all(['bomb', 'broken', 'y'.repeat(12 * MB), 'fine'].map(send));
const files = [process.env.MAILBOX, process.env.MAILDEV_INCOMING].map((folder) => readdirSync(folder));
console.log(JSON.stringify([answers, ids(), ...files]));
process.exit();
"""
    answers, ids, mailbox, incoming = run(tmp_path, script)

    assert answers == [
        "554 the message can't be parsed: it takes too much memory",
        "554 the message can't be parsed: no mail",
        "552 a message has at most 11 MB",
        "mail4",
    ]
    assert (ids, mailbox, incoming) == (["mail4"], ["mail4.eml"], [])


def test_a_large_body_is_read_from_its_file_and_names_are_printable(tmp_path: Path) -> None:
    script = """
await send('z'.repeat(MB));
const kept = server.storage.emails.get('mail1');
const read = await server.storage.getById('mail1');
console.log(JSON.stringify([kept.text?.length ?? 0, read.text.length, read.from[0].name]));
process.exit();
"""
    assert run(tmp_path, script) == [0, 1024**2, "a\\u{202e}b"]
