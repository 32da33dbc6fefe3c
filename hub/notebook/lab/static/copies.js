/* Says what "Open in my server" has opened: a copy of one's own, new or one that was there. */
import { post } from './server.js';

/** Shows it, where JupyterLab was opened from the shelf; see sandbox_lab/copies.py. */
export function addCopyNotice(lab, { app }) {
  const asked = new URLSearchParams(window.location.search);
  const [state, of] = [asked.get('copy'), asked.get('of') ?? ''];
  const found = /^([a-z0-9-]+)\/([\w.-]+)\/v(\d+)$/.exec(of);
  if (!found || !['new', 'edited'].includes(state)) {
    return;
  }
  const [, author, name, version] = found;
  const shared = `${author}'s ${name}, version ${version}`;
  const { Notification } = lab.apputils;
  void app.restored.then(() => {
    if (state === 'new') {
      Notification.info(`This is a copy of ${shared}, and yours. What is on the shelf stays as it is.`, { autoClose: 10000 });
      return;
    }
    Notification.info(`This is your copy of ${shared}. You have changed or run it since.`, {
      autoClose: false,
      actions: [{ label: 'Make a fresh copy', callback: () => void makeFresh(lab, app, of) }]
    });
  });
}

async function makeFresh(lab, app, of) {
  try {
    const { path } = await post(lab, app.serviceManager.serverSettings, `copies/${of}`, {});
    await app.commands.execute('docmanager:open', { path });
  } catch (error) {
    lab.apputils.Notification.error(`There is no fresh copy: ${error.message} ${error.hint ?? ''}`, { autoClose: false });
  }
}
