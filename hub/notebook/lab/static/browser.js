/* S3 in the sidebar: JupyterLab's own file browser on our drive, with a menu of what can be done there. */
import { DRIVE } from './drive.js';
import { SHOW } from './rows.js';
import { element } from './table.js';
import { addUploads } from './uploads.js';

const ID = 'sandbox-s3';
const REFRESH_MS = 30_000;
const PARQUET = /\.(parquet|parq)$/;
const RUN = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;
const MANIFEST = '_manifest.json';
// JupyterLab would do these to what is selected in the home's file browser.
const HOME_KEYS = new Set(['Delete', 'Backspace', 'F2']);
const HOME_LETTERS = new Set(['x', 'c', 'v', 'd']);

/** Adds the browser to the left sidebar. */
export function addBrowser(lab, { app, documents, restorer, palette, icons }) {
  const browser = makeBrowser(lab, app, documents);
  const status = new lab.widgets.Widget();
  status.node.setAttribute('role', 'status');
  status.addClass('sandbox-S3-status');
  browser.mainPanel.insertWidget(0, status);
  browser.title.icon = icons.store;
  browser.title.caption = 'S3: published data, runs and their checkpoints';
  browser.node.setAttribute('role', 'region');
  browser.node.setAttribute('aria-label', 'S3');
  const uploads = addUploads(lab, browser);
  addToolbar(lab, browser, uploads);
  showProblems(browser.model, status.node, uploads);
  followPath(app, browser);
  guardKeys(browser);
  addMenu(lab, { app, browser, palette });
  app.shell.add(browser, 'left', { rank: 101, type: 'S3' });
  restorer?.add(browser, ID);
}

/** Not by JupyterLab's factory: a new notebook would then be made in the folder that was last looked at, here in S3. */
function makeBrowser(lab, app, documents) {
  const { FileBrowser, FilterFileBrowserModel } = lab.filebrowser;
  const model = new FilterFileBrowserModel({
    manager: documents,
    driveName: DRIVE,
    allowFileUploads: true,
    refreshInterval: REFRESH_MS,
    refreshStandby: () => !browser.isVisible || 'when-hidden'
  });
  const open = path => {
    const rows = PARQUET.test(path) || path.endsWith(`/${MANIFEST}`);
    return rows ? app.commands.execute(SHOW, { path: isCheckpoint(model) ? model.path : path }) : documents.openOrReveal(path);
  };
  const browser = new FileBrowser({ id: ID, model, restore: false, handleOpenFile: path => void open(path) });
  browser.showFileFilter = true;
  browser.showFileCheckboxes = false;
  browser.showLastModifiedColumn = false; // S3 knows no time of a folder, and a run's id wants the room
  const shown = browser.onAfterShow.bind(browser);
  browser.onAfterShow = message => {
    shown(message);
    void model.refresh();
  };
  return browser;
}

function isCheckpoint(model) {
  return Array.from(model.items()).some(item => item.name === MANIFEST);
}

/** A step into the folder of a checkpoint shows its rows, beside its files; of runs, the newest comes first. */
function followPath(app, browser) {
  browser.model.pathChanged.connect(model => {
    const runs = Array.from(model.items()).some(item => RUN.test(item.name));
    browser.listing.sort({ key: 'name', direction: runs ? 'descending' : 'ascending' });
    browser.listing.setColumnVisibility('last_modified', false); // draws the header anew, with its arrow
    if (browser.isVisible && isCheckpoint(model)) {
      void app.commands.execute(SHOW, { path: model.path });
    }
  });
}

/** Shows in the sidebar what is wrong, until a listing arrives. */
function showProblems(model, node, uploads) {
  model.connectionFailure.connect((_, error) => {
    node.textContent = [error.message, error.hint].filter(Boolean).join(' — ');
  });
  const handle = model.handleContents.bind(model);
  model.handleContents = contents => {
    const cut = contents.truncated ? `Only the first ${contents.truncated.toLocaleString('en-GB')} are shown.` : '';
    node.textContent = [cut, uploads.enter(contents)].filter(Boolean).join(' ');
    handle(contents);
  };
}

function guardKeys(browser) {
  browser.listing.node.addEventListener('keydown', event => {
    const letter = (event.ctrlKey || event.metaKey) && !event.shiftKey && HOME_LETTERS.has(event.key.toLowerCase());
    if (!HOME_KEYS.has(event.key) && !letter) {
      return;
    }
    event.stopPropagation();
    if (event.key === 'Backspace') {
      void browser.model.cd('..');
    }
  });
}

/** Returns the id of each command that is added. */
function addCommands(lab, { app, browser }) {
  const { commands } = app;
  const selected = () => Array.from(browser.selectedItems())[0];
  const hasRows = item => Boolean(item) && (item.type === 'directory' || PARQUET.test(item.path));
  const add = (name, label, execute, isEnabled) => {
    commands.addCommand(`sandbox-lab:${name}`, { label, execute, isEnabled, describedBy: { args: null } });
    return `sandbox-lab:${name}`;
  };
  return {
    show: add('show-s3', 'Show S3', () => app.shell.activateById(ID)),
    refresh: add('refresh-s3', 'Refresh S3', () => browser.model.refresh()),
    open: add('open-selected', 'Open', () => browser.listing.handleOpen(selected()), () => Boolean(selected())),
    rows: add(
      'show-selected',
      'Show Rows',
      () => commands.execute(SHOW, { path: selected().path }),
      () => hasRows(selected())
    ),
    copy: add(
      'copy-path',
      'Copy S3 Path',
      () => lab.apputils.Clipboard.copyToSystem(addressOf(selected())),
      () => Boolean(selected())
    )
  };
}

function addressOf(item) {
  return `s3a://${item.path.slice(DRIVE.length + 1).replace(/^\//, '')}`;
}

function addToolbar(lab, browser, uploads) {
  const { ToolbarButton } = lab.ui;
  const refresh = new ToolbarButton({
    icon: lab.ui.refreshIcon,
    tooltip: 'Refresh',
    onClick: () => void browser.model.refresh()
  });
  const title = new lab.widgets.Widget({ node: element('h2', { className: 'sandbox-S3-title', textContent: 'S3' }) });
  browser.toolbar.addItem('title', title);
  browser.toolbar.addItem('spacer', lab.ui.Toolbar.createSpacerItem());
  browser.toolbar.addItem('upload', uploads.button);
  browser.toolbar.addItem('refresh', refresh);
}

/** A menu of its own: JupyterLab's would offer to rename and delete, in the home. */
function addMenu(lab, { app, browser, palette }) {
  const added = addCommands(lab, { app, browser });
  for (const command of [added.show, added.refresh]) {
    palette?.addItem({ command, category: 'Sandbox' });
  }
  const menu = new lab.widgets.Menu({ commands: app.commands });
  for (const command of [added.open, added.rows, added.copy]) {
    menu.addItem({ command });
  }
  browser.listing.node.addEventListener(
    'contextmenu',
    event => {
      event.preventDefault();
      event.stopPropagation();
      menu.open(event.clientX, event.clientY);
    },
    true
  );
}
