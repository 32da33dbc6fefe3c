/* Files dropped on the S3 browser, or chosen by its button: they go to the user's own place, and nowhere else. */
import { DRIVE } from './drive.js';
import { element } from './table.js';

const YOURS = 'Yours: drop files here to upload them.';

/** Lets files be uploaded; returns the button, and `enter`, which takes each folder that is shown. */
export function addUploads(lab, browser) {
  const { model } = browser;
  const upload = model.upload.bind(model);
  let writable = false;
  let own = ''; // of the server's user, who need not be the one who looks at it

  model.upload = async (file, folder) => {
    const target = (folder ?? model.path).slice(DRIVE.length + 1);
    try {
      if ((folder ?? model.path) === model.path && !writable) {
        const where = target || 'the list of buckets';
        throw Object.assign(new Error(`Nothing can be uploaded to ${where}.`), { hint: `Yours is ${own}/` });
      }
      const uploaded = await upload(file, folder);
      await model.refresh(); // JupyterLab looks for changes below `s3:s3:`, where a drive is given by its name
      return uploaded;
    } catch (error) {
      report(lab, file, error, () => void model.cd(`/${own}`));
      throw error;
    }
  };
  return {
    button: makeButton(lab, model),
    enter: contents => {
      writable = Boolean(contents.writable);
      own = contents.place ?? own;
      return writable ? YOURS : '';
    }
  };
}

/** A file that the user has not wanted to overwrite, or to send, is no error. */
function report(lab, file, error, goToOwn) {
  if (typeof error === 'string') {
    return;
  }
  lab.apputils.Notification.error([`${file.name} is not uploaded. ${error.message}`, error.hint].filter(Boolean).join(' — '), {
    autoClose: false,
    actions: [{ label: 'Show my place', callback: goToOwn }]
  });
}

function makeButton(lab, model) {
  const input = element('input', { type: 'file', multiple: true, hidden: true });
  input.addEventListener('change', () => {
    for (const file of input.files) {
      model.upload(file).catch(() => undefined); // it was reported
    }
    input.value = '';
  });
  return new lab.ui.ToolbarButton({
    icon: lab.ui.fileUploadIcon,
    tooltip: 'Upload Files',
    onClick: () => input.click()
  });
}
