"""What the sandbox adds to JupyterHub.

users           who a user is: names, numbers, logins, accounts
servers         one server per user
disk            how much each user holds, and who has to stop
keys            secrets, and keys to S3
gateway         the stack's web pages behind the hub's login
shelf           shared notebooks with their records
origins         addresses of users and services, where each has its own
hub_auth_cache  how long the services keep what the hub said of a token
"""
