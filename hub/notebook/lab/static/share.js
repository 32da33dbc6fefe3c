/* "Share with the team": the notebook goes to the shelf, is run again in a fresh server, and comes back with a verdict. */
import { get, post } from './server.js';

const SHARE = 'sandbox-lab:share';
const POLL_MS = 700;
const DOES_NOT_REPRODUCE = 'does not reproduce';

/** Adds the command; schemas/sandbox-lab/plugin.json puts it into the notebook's toolbar and the File menu. */
export function addShare(lab, { app, palette, icons }) {
  const notebook = () => {
    const context = app.shell.currentWidget?.context;
    return context?.path?.endsWith('.ipynb') ? context : null;
  };
  app.commands.addCommand(SHARE, {
    label: args => (args.toolbar ? '' : 'Share with the Team'),
    caption: 'Share with the team: run it again in a fresh server, and put it on the shelf with its verdict',
    icon: icons.share,
    isEnabled: () => Boolean(notebook()),
    describedBy: { args: { type: 'object', properties: { toolbar: { type: 'boolean' } } } },
    execute: () => share(lab, app.serviceManager.serverSettings, notebook())
  });
  palette?.addItem({ command: SHARE, category: 'Sandbox' });
}

async function share(lab, settings, context) {
  const { Notification } = lab.apputils;
  const name = context.path.split('/').pop();
  const id = Notification.emit(`Sharing ${name}…`, 'in-progress', { autoClose: false });
  try {
    if (context.model.dirty && !context.model.readOnly) {
      await context.save();
    }
    const { job } = await post(lab, settings, 'share', { path: context.localPath ?? context.path });
    const onProgress = text => Notification.update({ id, message: `Sharing ${name}: ${text}` });
    const result = await waitForEnd(lab, settings, job, onProgress);
    if (result.state === 'failed') {
      throw new Error(result.message);
    }
    const link = new URL(result.link, window.location.origin).href;
    const why = result.why.length ? ` ${result.why[0]}` : '';
    Notification.update({
      id,
      message: `${name}, version ${result.version}: ${result.verdict}.${why}`,
      type: result.verdict === DOES_NOT_REPRODUCE ? 'warning' : 'success',
      autoClose: false,
      actions: [
        { label: 'Copy link', callback: () => lab.apputils.Clipboard.copyToSystem(link) },
        { label: 'Show', callback: () => window.open(link, '_blank', 'noopener') }
      ]
    });
  } catch (error) {
    const hint = error.hint ? ` ${error.hint}` : '';
    Notification.update({ id, message: `${name} was not shared: ${error.message}${hint}`, type: 'error', autoClose: false });
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
