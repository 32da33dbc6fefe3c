/*
 * The door that JupyterLab opens at its start: a module federation container as its bundler would write one, by hand.
 * init() is handed JupyterLab's own modules; get() gives the parts that package.json names in jupyterlab._build.
 */
(() => {
  const HOST = '@jupyterlab/application-top';
  const here = document.currentScript.src;
  let scope;

  /** Returns JupyterLab's own instance of a module: another extension may have brought a copy of it. */
  async function shared(name) {
    const versions = Object.values(scope[name] ?? {});
    const entry = versions.find(version => version.from === HOST) ?? versions[0];
    if (!entry) {
      throw new Error(`sandbox-lab: this JupyterLab shares no module ${name}`);
    }
    return (await entry.get())();
  }

  async function modules() {
    const names = {
      application: '@jupyterlab/application',
      apputils: '@jupyterlab/apputils',
      coreutils: '@jupyterlab/coreutils',
      docmanager: '@jupyterlab/docmanager',
      docregistry: '@jupyterlab/docregistry',
      filebrowser: '@jupyterlab/filebrowser',
      services: '@jupyterlab/services',
      signaling: '@lumino/signaling',
      ui: '@jupyterlab/ui-components',
      widgets: '@lumino/widgets'
    };
    const loaded = await Promise.all(Object.values(names).map(shared));
    return Object.fromEntries(Object.keys(names).map((key, index) => [key, loaded[index]]));
  }

  async function extension() {
    const [{ plugins }, lab] = await Promise.all([import(new URL('extension.js', here)), modules()]);
    return () => plugins(lab);
  }

  async function style() {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('style.css', here);
    document.head.appendChild(link);
    return () => ({});
  }

  const parts = { './extension': extension, './style': style };
  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB['sandbox-lab'] = {
    init: shareScope => {
      scope = shareScope;
    },
    get: name => parts[name]()
  };
})();
