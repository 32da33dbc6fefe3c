"""Settings of every user's server: root's, so that a user's own files can't undo them."""

c = get_config()  # noqa: F821 - Jupyter gives it

# Nothing is fetched from outside: no news, no extension gallery.
c.LabApp.news_url = None
c.LabApp.extension_manager = "readonly"
c.LabServerApp.extensions_in_dev_mode = False
# The notebooks are the user's; what they delete is gone from a volume, so it is not kept in a trash nobody sees.
c.FileContentsManager.delete_to_trash = False
# A kernel that is idle for hours frees its memory, and with it the cluster's cores.
c.MappingKernelManager.cull_idle_timeout = 4 * 3600
c.MappingKernelManager.cull_interval = 300
c.ServerApp.terminals_enabled = True
# Faster start: what no page of ours uses.
c.ServerApp.jpserver_extensions = {
    "jupyterlab": True,
    "jupyter_server_terminals": True,
    "jupyter_lsp": False,
    "notebook_shim": False,
}
