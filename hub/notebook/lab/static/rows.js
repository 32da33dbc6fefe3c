/* The view of rows: what they are, how a notebook reads them, a page of them, the way to the next. */
import { get } from './server.js';
import { count, element, rangeOf, sizeOf, tableOf } from './table.js';

export const SHOW = 'sandbox-lab:show-rows';
const LIMIT = 100;
const MANIFEST = /\/_manifest\.json$/;

/** Adds the command that shows the rows of a path in a tab. */
export function addRows(lab, { app, restorer, home, icons }) {
  const { MainAreaWidget, WidgetTracker } = lab.apputils;
  const tracker = new WidgetTracker({ namespace: 'sandbox-rows' });
  const selected = () => Array.from(home?.selectedItems() ?? [])[0]?.path;

  app.commands.addCommand(SHOW, {
    label: 'Show Rows',
    caption: 'Show the rows of a checkpoint, a Parquet file or a folder of them',
    icon: icons.rows,
    isEnabled: args => Boolean(args.path ?? selected()),
    describedBy: { args: { type: 'object', properties: { path: { type: 'string' } } } },
    execute: args => {
      const path = (args.path ?? selected()).replace(MANIFEST, '');
      let tab = tracker.find(widget => widget.sandboxPath === path);
      if (!tab) {
        tab = new MainAreaWidget({ content: rowsOf(lab, app, () => path) });
        tab.sandboxPath = path;
        tab.toolbar.hide();
        tab.id = `sandbox-rows-${path}`;
        tab.title.icon = icons.rows;
        tab.title.label = path.split('/').pop();
        tab.title.closable = true;
        tab.content.sandboxTitle = text => (tab.title.label = text);
        void tracker.add(tab);
        app.shell.add(tab, 'main');
      }
      app.shell.activateById(tab.id);
      return tab;
    }
  });
  void restorer?.restore(tracker, { command: SHOW, args: tab => ({ path: tab.sandboxPath }), name: tab => tab.sandboxPath });
}

/** Returns a widget that shows the rows of the path that `where` returns. */
export function rowsOf(lab, app, where) {
  const parts = {
    head: element('div', { className: 'sandbox-Rows-head' }),
    notice: element('div', { className: 'sandbox-Rows-notice' }),
    table: element('div', { className: 'sandbox-Rows-table', tabIndex: 0, role: 'region', ariaLabel: 'Rows' }),
    range: element('span', { className: 'sandbox-Rows-range', role: 'status' }),
    previous: button('Previous page', () => show(offset - LIMIT)),
    next: button('Next page', () => show(offset + LIMIT))
  };
  const foot = element('nav', { className: 'sandbox-Rows-foot', ariaLabel: 'Pages' }, parts.previous, parts.next, parts.range);
  const widget = new lab.widgets.Widget({
    node: element('div', { className: 'sandbox-Rows' }, parts.head, parts.notice, parts.table, foot)
  });
  const copy = text => lab.apputils.Clipboard.copyToSystem(text);
  let offset = 0;
  let latest = 0;

  async function show(from) {
    const ticket = ++latest;
    parts.range.textContent = 'Reading…';
    parts.previous.disabled = parts.next.disabled = true;
    try {
      const page = await get(lab, app.serviceManager.serverSettings, 'preview', { path: where(), offset: from, limit: LIMIT });
      if (ticket === latest && !widget.isDisposed) {
        offset = from;
        fill(parts, page, copy);
        widget.sandboxTitle?.(page.checkpoint?.feature ?? page.path.split('/').pop());
      }
    } catch (error) {
      if (ticket === latest && !widget.isDisposed) {
        showError(parts, where(), error, () => show(from));
      }
    }
  }

  widget.sandboxReload = () => show(0);
  void show(0);
  return widget;
}

function button(label, onclick) {
  return element('button', { type: 'button', className: 'sandbox-Rows-button', textContent: label, onclick, disabled: true });
}

function fill(parts, page, copy) {
  const more = page.total === null ? page.rows.length === LIMIT : page.offset + page.rows.length < page.total;
  parts.head.replaceChildren(...headOf(page), snippetOf(page.snippet, copy));
  parts.notice.replaceChildren();
  parts.table.replaceChildren(tableOf(page));
  parts.table.scrollTop = 0;
  parts.range.textContent = rangeOf(page);
  parts.previous.disabled = page.offset === 0;
  parts.next.disabled = !more;
}

function headOf(page) {
  const known = page.checkpoint;
  const name = known ? known.feature : page.path.split('/').pop();
  const what = known ? `checkpoint of run ${known.run}` : page.kind === 'file' ? 'Parquet file' : 'folder of Parquet files';
  const facts = [
    known?.of ? `${known.of}${known.dates ? ` for ${known.dates}` : ''}, ${known.status}` : null,
    known ? `written ${known.written.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}` : null,
    page.total === null ? null : `${count(page.total)} ${page.total === 1 ? 'row' : 'rows'}`,
    `${sizeOf(page.bytes)} in ${count(page.files)} ${page.files === 1 ? 'file' : 'files'}`
  ];
  const changed = known?.changed.length ? [`its code has changed since: ${known.changed.join(', ')}`] : [];
  const notes = [...(known?.notes ?? []), ...changed, ...(page.notes ?? [])];
  return [
    element('h2', {}, `${name} `, element('span', { className: 'sandbox-Rows-what', textContent: what })),
    element('p', { className: 'sandbox-Rows-facts', textContent: facts.filter(Boolean).join(' · ') }),
    element('p', { className: 'sandbox-Rows-path', textContent: page.path }),
    ...notes.map(note => element('p', { className: 'sandbox-Rows-note', textContent: `Note: ${note}` }))
  ];
}

function snippetOf(snippet, copy) {
  const copied = element('span', { className: 'sandbox-Rows-copied', role: 'status' });
  const press = button('Copy', () => {
    copy(snippet);
    copied.textContent = 'Copied';
  });
  press.disabled = false;
  press.ariaLabel = 'Copy the code that reads this in a notebook';
  return element(
    'div',
    { className: 'sandbox-Rows-snippet' },
    element('pre', { tabIndex: 0, textContent: snippet, ariaLabel: 'In a notebook', role: 'region' }),
    element('div', {}, press, copied)
  );
}

function showError(parts, path, error, again) {
  const retry = button('Try again', again);
  retry.disabled = false;
  parts.head.replaceChildren(element('h2', { textContent: path.split('/').pop() || path }));
  parts.table.replaceChildren();
  parts.range.textContent = '';
  parts.notice.replaceChildren(
    element(
      'div',
      { className: 'sandbox-Rows-error', role: 'alert' },
      element('p', { textContent: error.message }),
      error.hint ? element('p', { className: 'sandbox-Rows-hint', textContent: error.hint }) : null,
      retry
    )
  );
}
