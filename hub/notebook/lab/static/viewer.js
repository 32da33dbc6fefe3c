/* Parquet files and manifests as documents: a click in any file browser shows rows; the file itself is never fetched. */
import { rowsOf } from './rows.js';

const FACTORY = 'Rows';

/** Registers the file types and the viewer. */
export function addViewer(lab, { app, restorer, icons }) {
  const { ABCWidgetFactory, DocumentWidget, TextModelFactory } = lab.docregistry;
  const registry = app.docRegistry;

  class Unread extends TextModelFactory {
    get name() {
      return 'sandbox-unread';
    }

    /** JupyterLab's context asks for no content where the format is null. */
    get fileFormat() {
      return null;
    }

    /** Nor does it save, or keep a copy of the file (its own kind of checkpoint), where others write the document. */
    createNew(options) {
      return Object.defineProperty(super.createNew(options), 'collaborative', { value: true });
    }
  }

  registry.addFileType({
    name: 'parquet',
    displayName: 'Parquet',
    extensions: ['.parquet', '.parq'],
    mimeTypes: ['application/vnd.apache.parquet'],
    contentType: 'file',
    fileFormat: null,
    icon: icons.rows
  });
  registry.addFileType({
    name: 'checkpoint',
    displayName: 'Checkpoint',
    extensions: [],
    pattern: '^_manifest\\.json$',
    mimeTypes: ['application/json'],
    contentType: 'file',
    fileFormat: null,
    icon: icons.rows
  });
  registry.addModelFactory(new Unread(false));

  const tracker = new lab.apputils.WidgetTracker({ namespace: 'sandbox-viewer' });
  const factory = new ABCWidgetFactory({
    name: FACTORY,
    label: 'Rows',
    modelName: 'sandbox-unread',
    fileTypes: ['parquet', 'checkpoint'],
    defaultFor: ['parquet', 'checkpoint'],
    readOnly: true
  });
  factory.createNewWidget = context => {
    const content = rowsOf(lab, app, () => context.path);
    const tab = new DocumentWidget({ content, context });
    tab.toolbar.hide();
    tab.title.icon = icons.rows;
    context.fileChanged.connect(() => content.sandboxReload());
    context.pathChanged.connect(() => content.sandboxReload());
    return tab;
  };
  factory.widgetCreated.connect((_, tab) => void tracker.add(tab));
  registry.addWidgetFactory(factory);
  void restorer?.restore(tracker, {
    command: 'docmanager:open',
    args: tab => ({ path: tab.context.path, factory: FACTORY }),
    name: tab => tab.context.path
  });
}
