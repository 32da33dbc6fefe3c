"""The stack's web pages behind the hub's login, at /services/ui/NAME/.

service        the addresses, and the process that serves them
proxy          a request to a page and its answer
websocket      a websocket to a page
forwarding     which headers, cookies and bodies pass
inject         the header in the pages of others
upstreams      which pages there are
console_login  signs users in to the S3 console
mail_headers   what a mail may do in a browser
"""
