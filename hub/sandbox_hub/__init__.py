"""What the sandbox adds to JupyterHub.

users           who a user is: names, numbers, logins, accounts
servers         one server per user
disk            how much each user holds, and who has to stop
keys            secrets, and keys to S3
gateway         the stack's web pages behind the hub's login
shelf           shared notebooks with their records
header          the header of all pages
origins         addresses of users and services, where each has its own
hub_service     what the services share: settings, where they listen, how they end
"""
