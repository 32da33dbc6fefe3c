/* "Publish to the team": the notebook goes to the shelf, is run again in a fresh server, and comes back with a verdict. */
import { ask, tell } from './server.js';

const PUBLISH = 'sandbox-lab:publish';
const EVERY = 700;
const DOES_NOT = 'does not reproduce';

/** Adds the command; schemas/sandbox-lab/plugin.json puts it into the notebook's toolbar and the File menu. */
export function addPublish(lab, { app, palette, icons }) {
  const notebook = () => {
    const context = app.shell.currentWidget?.context;
    return context?.path?.endsWith('.ipynb') ? context : null;
  };
  app.commands.addCommand(PUBLISH, {
    label: args => (args.toolbar ? '' : 'Publish to the Team'),
    caption: 'Publish to the team: run it again in a fresh server, stamp it, and put it on the shelf',
    icon: icons.share,
    isEnabled: () => Boolean(notebook()),
    describedBy: { args: { type: 'object', properties: { toolbar: { type: 'boolean' } } } },
    execute: () => publish(lab, app.serviceManager.serverSettings, notebook())
  });
  palette?.addItem({ command: PUBLISH, category: 'Sandbox' });
}

async function publish(lab, settings, context) {
  const { Notification } = lab.apputils;
  const name = context.path.split('/').pop();
  const id = Notification.emit(`Publishing ${name}…`, 'in-progress', { autoClose: false });
  try {
    if (context.model.dirty && !context.model.readOnly) {
      await context.save();
    }
    const { job } = await tell(lab, settings, 'publish', { path: context.localPath ?? context.path });
    const told = await ended(lab, settings, job, text => Notification.update({ id, message: `Publishing ${name}: ${text}` }));
    if (told.state === 'failed') {
      throw new Error(told.told);
    }
    const link = new URL(told.link, window.location.origin).href;
    const why = told.why.length ? ` ${told.why[0]}` : '';
    Notification.update({
      id,
      message: `${name}, version ${told.version}: ${told.verdict}.${why}`,
      type: told.verdict === DOES_NOT ? 'warning' : 'success',
      autoClose: false,
      actions: [
        { label: 'Copy link', callback: () => lab.apputils.Clipboard.copyToSystem(link) },
        { label: 'Show', callback: () => window.open(link, '_blank', 'noopener') }
      ]
    });
  } catch (error) {
    const hint = error.hint ? ` ${error.hint}` : '';
    Notification.update({ id, message: `${name} was not published: ${error.message}${hint}`, type: 'error', autoClose: false });
  }
}

async function ended(lab, settings, job, show) {
  for (;;) {
    const told = await ask(lab, settings, `publish/${job}`);
    if (told.state === 'done' || told.state === 'failed') {
      return told;
    }
    show(told.told);
    await new Promise(resolve => setTimeout(resolve, EVERY));
  }
}
