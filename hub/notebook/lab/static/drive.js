/* S3 as a drive of JupyterLab's contents: `s3:bucket/key` is a path like any other; files are written by uploads alone. */
import { get, post } from './server.js';

export const DRIVE = 's3';

/** Returns the drive. */
export function makeDrive(lab, serverSettings) {
  const readOnly = async () => {
    throw new Error('This can’t be changed here. Drop files in your own place of scratch, or write with Spark or pandas.');
  };
  const noFolder = async () => {
    const reason = 'A folder can’t be dropped here. Drop its files, or bring it by `./sandbox data put FOLDER`.';
    lab.apputils.Notification.error(reason, { autoClose: false });
    throw new Error(reason);
  };
  // JupyterLab's uploads give each file a `chunk`: undefined for a small one. A document that is saved has none.
  const upload = async (path, { content, chunk }) => {
    const model = await post(lab, serverSettings, 'upload', { path, content, chunk: chunk ?? null });
    drive.fileChanged.emit({ type: 'save', oldValue: null, newValue: model });
    return model;
  };
  const drive = {
    name: DRIVE,
    serverSettings,
    isDisposed: false,
    dispose: () => undefined,
    get: (path, options) => get(lab, serverSettings, 'contents', { path, content: options?.content === false ? 0 : 1 }),
    getDownloadUrl: readOnly,
    newUntitled: noFolder,
    delete: readOnly,
    rename: readOnly,
    save: (path, options) => ('chunk' in options ? upload(path, options) : readOnly()),
    copy: readOnly,
    createCheckpoint: readOnly,
    listCheckpoints: async () => [],
    restoreCheckpoint: readOnly,
    deleteCheckpoint: readOnly
  };
  drive.fileChanged = new lab.signaling.Signal(drive);
  return drive;
}
