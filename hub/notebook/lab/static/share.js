/* "Share with the team": the author is asked once, the notebook is run again in a fresh server, and comes back with a verdict. */
import { get, post, remove } from './server.js';

const SHARE = 'sandbox-lab:share';
const WITHDRAW = 'sandbox-lab:withdraw';
const POLL_MS = 700;
const GOOD = ['reproduces', 'results equal'];
const DOES_NOT_REPRODUCE = 'does not reproduce';

/** Adds the commands; schemas/sandbox-lab/plugin.json puts them into the notebook's toolbar and the File menu. */
export function addShare(lab, { app, palette, icons }) {
  const settings = app.serviceManager.serverSettings;
  const notebook = () => {
    const context = app.shell.currentWidget?.context;
    return context?.path?.endsWith('.ipynb') ? context : null;
  };
  const describedBy = { args: { type: 'object', properties: { toolbar: { type: 'boolean' } } } };
  app.commands.addCommand(SHARE, {
    label: 'Share with the Team…',
    caption: 'Share with the team: run it again in a fresh server, and put it on the shelf with its verdict',
    icon: icons.share,
    isEnabled: () => Boolean(notebook()),
    describedBy,
    execute: () => share(lab, settings, notebook())
  });
  app.commands.addCommand(WITHDRAW, {
    label: 'Withdraw from the Shelf…',
    caption: 'Take a notebook that you have shared off the shelf',
    isEnabled: () => Boolean(notebook()),
    describedBy,
    execute: () => withdraw(lab, settings, notebook())
  });
  palette?.addItem({ command: SHARE, category: 'Sandbox' });
  palette?.addItem({ command: WITHDRAW, category: 'Sandbox' });
}

async function share(lab, settings, context) {
  const { Notification } = lab.apputils;
  const name = context.path.split('/').pop();
  let id = null;
  try {
    if (context.model.dirty && !context.model.readOnly) {
      await context.save();
    }
    const path = context.localPath ?? context.path;
    if (!(await isConfirmed(lab, await get(lab, settings, 'share', { path })))) {
      return;
    }
    id = Notification.emit(`Sharing ${name}…`, 'in-progress', { autoClose: false });
    const { job } = await post(lab, settings, 'share', { path });
    const onProgress = text => Notification.update({ id, message: `Sharing ${name}: ${text}` });
    const result = await waitForEnd(lab, settings, job, onProgress);
    if (result.state === 'failed') {
      throw new Error(result.message);
    }
    showResult(lab, settings, id, name, result);
  } catch (error) {
    fail(lab, id, `${name} was not shared`, error);
  }
}

/** Asks the author once, with what will be seen. */
async function isConfirmed(lab, preview) {
  const { Dialog, showDialog } = lab.apputils;
  const many = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const last = preview.versions.length ? `; ${many(preview.versions.length, 'earlier version')} stay${preview.versions.length === 1 ? 's' : ''}` : '';
  const rows = [
    ['Name', `${preview.author}/${preview.name}, version ${preview.next}${last}`],
    ['Seen by', 'everybody with an account on this hub. You can withdraw it later'],
    [
      'Outputs',
      preview.outputs
        ? `included: ${preview.outputs} of ${many(preview.cells, 'code cell')} ${preview.outputs === 1 ? 'has' : 'have'} some`
        : `none: without them there is nothing to compare, and the verdict is "runs"`
    ],
    ['Reads', preview.reads.length ? preview.reads.map(read => `${read.feature} of ${read.run}`) : 'no checkpoint: its kernel has read none']
  ];
  if (preview.not_pinned.length) {
    rows.push(['Not pinned', preview.not_pinned]);
  }
  const body = new lab.widgets.Widget({ node: table(rows) });
  const buttons = [Dialog.cancelButton(), Dialog.okButton({ label: 'Share with the team' })];
  return (await showDialog({ title: 'Share with the team?', body, buttons })).button.accept;
}

function table(rows) {
  const list = document.createElement('dl');
  list.className = 'sandbox-share-preview';
  for (const [term, text] of rows) {
    const dt = document.createElement('dt');
    dt.textContent = term;
    const dd = document.createElement('dd');
    for (const line of [text].flat()) {
      dd.appendChild(Object.assign(document.createElement('div'), { textContent: line }));
    }
    list.append(dt, dd);
  }
  return list;
}

function showResult(lab, settings, id, name, result) {
  const link = new URL(result.link, window.location.origin).href;
  const why = result.why.length ? ` – ${result.why[0]}` : '.';
  const type = GOOD.includes(result.verdict) ? 'success' : result.verdict === DOES_NOT_REPRODUCE ? 'warning' : 'info';
  lab.apputils.Notification.update({
    id,
    message: `${name}, version ${result.version}: ${result.verdict}${why}`,
    type,
    autoClose: false,
    actions: [
      { label: 'Copy link', callback: () => lab.apputils.Clipboard.copyToSystem(link) },
      { label: 'Show', callback: () => window.open(link, '_blank', 'noopener') },
      { label: 'Withdraw…', callback: () => void withdrawVersions(lab, settings, result, [result.version]) }
    ]
  });
}

async function withdraw(lab, settings, context) {
  const { Dialog, InputDialog, showDialog } = lab.apputils;
  const name = context.path.split('/').pop();
  try {
    const mine = await get(lab, settings, 'share', { path: context.localPath ?? context.path });
    if (!mine.versions.length) {
      await showDialog({ title: 'Nothing to withdraw', body: `${mine.author}/${mine.name} is not on the shelf.`, buttons: [Dialog.okButton()] });
      return;
    }
    const numbers = mine.versions.map(shared => shared.version);
    const items = mine.versions.map(shared => `version ${shared.version}, ${shared.at.slice(0, 16).replace('T', ' ')} UTC, ${shared.verdict}`);
    const all = numbers.length > 1 ? [`all ${numbers.length} versions`] : [];
    const chosen = await InputDialog.getItem({ title: `Withdraw ${mine.author}/${mine.name}`, items: [...items, ...all], okLabel: 'Next' });
    if (chosen.button.accept && chosen.value) {
      const index = items.indexOf(chosen.value);
      await withdrawVersions(lab, settings, mine, index < 0 ? numbers : [numbers[index]]);
    }
  } catch (error) {
    fail(lab, null, `${name} was not withdrawn`, error);
  }
}

async function withdrawVersions(lab, settings, { author, name }, numbers) {
  const { Dialog, Notification, showDialog } = lab.apputils;
  const which = numbers.length === 1 ? `version ${numbers[0]}` : `all ${numbers.length} versions`;
  const body = `${which} of ${author}/${name}, its record and its pins are removed, and links to it end. This can't be undone. Copies that others have made stay theirs.`;
  const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label: 'Withdraw' })];
  if (!(await showDialog({ title: 'Withdraw it from the shelf?', body, buttons })).button.accept) {
    return;
  }
  try {
    const version = numbers.length === 1 ? `/v${numbers[0]}` : '';
    await remove(lab, settings, `withdraw/${name}${version}`);
    Notification.success(`${author}/${name}: ${which} is off the shelf.`, { autoClose: 8000 });
  } catch (error) {
    fail(lab, null, `${name} was not withdrawn`, error);
  }
}

function fail(lab, id, what, error) {
  const { Notification } = lab.apputils;
  const message = `${what}: ${error.message}${error.hint ? ` ${error.hint}` : ''}`;
  if (id) {
    Notification.update({ id, message, type: 'error', autoClose: false });
  } else {
    Notification.error(message, { autoClose: false });
  }
}

async function waitForEnd(lab, settings, job, onProgress) {
  for (;;) {
    const progress = await get(lab, settings, `share/${job}`);
    if (progress.state === 'done' || progress.state === 'failed') {
      return progress;
    }
    onProgress(progress.message);
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}
