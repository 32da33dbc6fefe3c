/* What the extension adds to JupyterLab. A further button is a command here and a line in schemas/sandbox-lab/plugin.json. */
import { addBrowser } from './browser.js';
import { addCopyNotice } from './copies.js';
import { addRows } from './rows.js';
import { addShare } from './share.js';
import { addViewer } from './viewer.js';
import { makeDrive } from './drive.js';

/** Returns the plugins; `lab` has JupyterLab's own modules. */
export function plugins(lab) {
  const { ILayoutRestorer } = lab.application;
  const { ICommandPalette } = lab.apputils;
  const { IDocumentManager } = lab.docmanager;
  const { IDefaultFileBrowser } = lab.filebrowser;
  return [
    {
      id: 'sandbox-lab:plugin',
      description: 'S3 in the sidebar, rows of Parquet and of checkpoints, notebooks shared with the team',
      autoStart: true,
      requires: [IDocumentManager],
      optional: [ILayoutRestorer, ICommandPalette, IDefaultFileBrowser],
      activate: (app, documents, restorer, palette, home) => {
        const icons = makeIcons(lab);
        app.serviceManager.contents.addDrive(makeDrive(lab, app.serviceManager.serverSettings));
        addRows(lab, { app, restorer, home, icons });
        addViewer(lab, { app, restorer, icons });
        addBrowser(lab, { app, documents, restorer, palette, icons });
        addShare(lab, { app, palette, icons });
        addCopyNotice(lab, { app });
      }
    }
  ];
}

function makeIcons(lab) {
  const { LabIcon } = lab.ui;
  const svg = (name, paths) =>
    new LabIcon({
      name: `sandbox-lab:${name}`,
      svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">${paths}</svg>`
    });
  return {
    store: svg(
      's3',
      '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 2C7 2 3 3.6 3 5.5l2 13C5.3 20.5 8.5 22 12 22' +
        's6.7-1.5 7-3.5l2-13C21 3.6 17 2 12 2zm0 2c3.5 0 6 .8 7 1.5-1 .7-3.5 1.5-7 1.5s-6-.8-7-1.5C6 4.8 8.5 4 12 4z"/>'
    ),
    share: svg(
      'share',
      '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M12 2l5 5h-3.5v8h-3V7H7l5-5zM4 13h3v6h10v-6h3v9H4v-9z"/>'
    ),
    rows: svg(
      'rows',
      '<path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 4v16h18V4H3zm6 14H5v-3h4v3zm0-5H5v-3h4v3zm10 5h-8v-3h8v3zm0-5h-8v-3h8v3z"/>'
    )
  };
}
