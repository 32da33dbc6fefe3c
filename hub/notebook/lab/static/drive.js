/* S3 as a drive of JupyterLab's contents: `s3:bucket/key` is a path like any other, but nothing is ever written. */
import { get } from './server.js';

export const DRIVE = 's3';

/** Returns the drive. */
export function makeDrive(lab, serverSettings) {
  const readOnly = async () => {
    throw new Error('S3 is only read from here. Write with Spark or pandas, below your own prefix of scratch.');
  };
  const drive = {
    name: DRIVE,
    serverSettings,
    isDisposed: false,
    dispose: () => undefined,
    get: (path, options) => get(lab, serverSettings, 'contents', { path, content: options?.content === false ? 0 : 1 }),
    getDownloadUrl: readOnly,
    newUntitled: readOnly,
    delete: readOnly,
    rename: readOnly,
    save: readOnly,
    copy: readOnly,
    createCheckpoint: readOnly,
    listCheckpoints: async () => [],
    restoreCheckpoint: readOnly,
    deleteCheckpoint: readOnly
  };
  drive.fileChanged = new lab.signaling.Signal(drive);
  return drive;
}
